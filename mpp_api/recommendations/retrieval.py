"""Asks the stores, concurrently, for everything known about one user."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from mpp_api.recommendations.legs import Leg, Legs
from mpp_api.recommendations.ranking import Evidence
from mpp_api.settings import ApiSettings
from mpp_api.stores import Stores
from mpp_stores.records import (
    CampaignPerformance,
    CoEngagement,
    EngagedWith,
    SimilarMessage,
    SimilarUser,
    UserEngagement,
)


@dataclass(frozen=True, slots=True)
class VectorFindings:
    """`has_profile` is False for a user without messages in the release."""

    has_profile: bool = False
    similar_users: Sequence[SimilarUser] = ()
    messages: Sequence[SimilarMessage] = ()
    neighbour_engagement: Sequence[EngagedWith] = ()


@dataclass(frozen=True, slots=True)
class GraphFindings:
    """`engagement` holds the edges of the user and of the peers that the paths name."""

    co_engagements: Sequence[CoEngagement] = ()
    engagement: Sequence[EngagedWith] = ()


@dataclass(frozen=True, slots=True)
class TableFindings:
    engagement: Sequence[UserEngagement] = ()
    performances: Sequence[CampaignPerformance] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What the legs found. A missing leg leaves its findings empty."""

    user_id: str
    vector: VectorFindings
    graph: GraphFindings
    table: TableFindings

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            similar_users=self.vector.similar_users,
            neighbour_engagement=self.vector.neighbour_engagement,
            messages=self.vector.messages,
            co_engagements=self.graph.co_engagements,
            performances=self.table.performances,
        )

    @property
    def seen(self) -> frozenset[str]:
        """Campaigns the user engaged with, per Postgres, or per the graph in its absence."""
        recorded = frozenset(row.campaign_id for row in self.table.engagement)
        return recorded or frozenset(
            edge.campaign_id for edge in self.graph.engagement if edge.user_id == self.user_id
        )

    @property
    def knows_user(self) -> bool:
        return self.vector.has_profile or bool(self.seen)


async def retrieve(
    user_id: str, stores: Stores, legs: Legs, settings: ApiSettings, *, postgres_answers: bool
) -> Findings:
    """`postgres_answers` is what was learnt a moment ago, when asking for the release: a dead
    Postgres is not waited for twice."""
    vector, graph, table = await asyncio.gather(
        _vector_findings(user_id, stores, legs, settings),
        legs.run(Leg.GRAPH, "walk the graph", _graph_findings(user_id, stores, settings)),
        _table_findings(user_id, stores, legs, postgres_answers=postgres_answers),
    )
    return Findings(user_id, vector, graph or GraphFindings(), table)


async def _vector_findings(
    user_id: str, stores: Stores, legs: Legs, settings: ApiSettings
) -> VectorFindings:
    """Neighbours come from Milvus, what they did from Neo4j: each fails on its own account."""
    nearest = await legs.run(Leg.VECTOR, "search the vectors", _nearest(user_id, stores, settings))
    if nearest is None:
        return VectorFindings()
    neighbour_engagement = None
    if nearest.similar_users:
        neighbour_engagement = await legs.run(
            Leg.GRAPH,
            "read the similar users' campaigns",
            stores.graph.engaged_with([user.user_id for user in nearest.similar_users]),
        )
    return VectorFindings(
        nearest.has_profile, nearest.similar_users, nearest.messages, neighbour_engagement or ()
    )


async def _nearest(user_id: str, stores: Stores, settings: ApiSettings) -> VectorFindings:
    profile = await stores.vectors.profile(user_id)
    if profile is None:
        return VectorFindings()
    similar_users, messages = await asyncio.gather(
        stores.vectors.similar_users(
            profile.embedding, settings.api_similar_users, exclude_user_id=user_id
        ),
        stores.vectors.similar_messages(
            profile.embedding, settings.api_nearest_messages, exclude_user_id=user_id
        ),
    )
    return VectorFindings(True, similar_users, messages)


async def _graph_findings(user_id: str, stores: Stores, settings: ApiSettings) -> GraphFindings:
    # The user's own campaigns are walked to as well: with exclude_seen=false they are ranked.
    reached = await stores.graph.co_engaged_campaigns(
        user_id, settings.api_co_engaged_campaigns, include_engaged=True
    )
    peers = {path.peer_id for path in reached}
    return GraphFindings(reached, await stores.graph.engaged_with([user_id, *sorted(peers)]))


async def _table_findings(
    user_id: str, stores: Stores, legs: Legs, *, postgres_answers: bool
) -> TableFindings:
    if not postgres_answers:
        legs.skip(Leg.TABLE, "postgres did not answer for the current release")
        return TableFindings()
    found = await legs.run(Leg.TABLE, "read the tables", _tables(user_id, stores))
    return found or TableFindings()


async def _tables(user_id: str, stores: Stores) -> TableFindings:
    engagement, performances = await asyncio.gather(
        stores.tables.user_engagement(user_id), stores.tables.campaign_performances()
    )
    return TableFindings(engagement, performances)
