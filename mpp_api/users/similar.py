"""Users who write about the same, from Milvus, and the campaigns they share, from Neo4j."""

from collections.abc import Iterable

from mpp_api.errors import UnknownUser
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.stores import Stores
from mpp_api.users.schemas import SharedCampaign, SimilarUserReply, SimilarUsersReply
from mpp_stores.records import EngagedWith, SimilarUser

SPARE = 20
"""Searched for beyond what was asked for, in place of those who were erased since."""


async def similar_users(
    user_id: str, limit: int, *, served: ServedRelease, stores: Stores, legs: Legs
) -> SimilarUsersReply:
    """Raises `UnknownUser` for a user without messages in the release."""
    if served.erased.includes(user_id):
        raise UnknownUser(user_id)
    profile = await legs.required(
        Leg.VECTOR,
        "read the profile of a user",
        lambda: stores.vectors.profile(user_id, materialization=served.contents.user_profiles),
    )
    if profile is None:
        raise UnknownUser(user_id)
    found = await legs.required(
        Leg.VECTOR,
        "search for similar users",
        lambda: stores.vectors.similar_users(
            profile.embedding,
            limit + SPARE,
            exclude_user_id=user_id,
            materialization=served.contents.user_profiles,
        ),
    )
    similar = [each for each in found if not served.erased.includes(each.user_id)][:limit]
    edges = await legs.run(
        Leg.GRAPH,
        "read the campaigns of similar users",
        lambda: stores.graph.engaged_with(
            [user_id, *(each.user_id for each in similar)],
            materialization=served.contents.engaged_with,
        ),
    )
    return SimilarUsersReply(
        user_id=user_id,
        users=_with_shared_campaigns(user_id, similar, edges or ()),
        missing_legs=legs.missing,
        release=ReleaseReply.of(served),
    )


def _with_shared_campaigns(
    user_id: str, similar: Iterable[SimilarUser], edges: Iterable[EngagedWith]
) -> list[SimilarUserReply]:
    counts: dict[str, dict[str, int]] = {}
    for edge in edges:
        counts.setdefault(edge.user_id, {})[edge.campaign_id] = edge.message_count
    own = counts.get(user_id, {})
    return [
        SimilarUserReply(
            user_id=each.user_id,
            similarity=round(each.similarity, 4),
            shared_campaigns=[
                SharedCampaign(
                    campaign_id=campaign_id,
                    message_count=own[campaign_id],
                    their_message_count=count,
                )
                for campaign_id, count in sorted(counts.get(each.user_id, {}).items())
                if campaign_id in own
            ],
        )
        for each in similar
    ]
