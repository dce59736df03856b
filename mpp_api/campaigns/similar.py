"""Campaigns in which people write about the same."""

from datetime import UTC, datetime

from mpp_api.campaigns.schemas import CampaignCard, SimilarCampaignReply, SimilarCampaignsReply
from mpp_api.errors import UnknownCampaign
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.milvus.reader import VectorReader


async def similar_campaigns(
    campaign_id: str,
    limit: int,
    *,
    running_only: bool,
    served: ServedRelease,
    vectors: VectorReader,
    legs: Legs,
) -> SimilarCampaignsReply:
    """None are similar to a campaign without messages in the release. Raises `UnknownCampaign`
    for one that nothing describes either."""
    today = datetime.now(UTC).date()
    left_out = served.catalog.not_running(today) if running_only else frozenset()
    materialization = served.contents.campaign_profiles
    profiles = await legs.required(
        Leg.VECTOR,
        "read the profile of a campaign",
        lambda: vectors.campaign_profiles(
            materialization=materialization, campaign_ids=[campaign_id]
        ),
    )
    if not profiles and not served.catalog.describes(campaign_id):
        raise UnknownCampaign(campaign_id)
    found = []
    if profiles:
        found = await legs.required(
            Leg.VECTOR,
            "search for similar campaigns",
            lambda: vectors.similar_campaigns(
                profiles[0].embedding,
                limit + len(left_out),
                materialization=materialization,
                exclude_campaign_id=campaign_id,
            ),
        )
    kept = [each for each in found if each.campaign_id not in left_out][:limit]
    return SimilarCampaignsReply(
        campaign_id=campaign_id,
        campaigns=[
            SimilarCampaignReply(
                **CampaignCard.of(served.catalog.campaign(each.campaign_id), today).model_dump(),
                similarity=round(each.similarity, 4),
            )
            for each in kept
        ],
        release=ReleaseReply.of(served),
    )
