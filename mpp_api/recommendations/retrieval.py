"""Asks the stores, concurrently, for everything known about one user."""

import asyncio

from mpp_api.recommendations.findings import (
    Findings,
    GraphFindings,
    TableFindings,
    VectorFindings,
)
from mpp_api.releases.served import ReleaseState, ServedRelease
from mpp_api.resilience.legs import Leg, Legs
from mpp_api.settings import ApiSettings
from mpp_api.stores import Stores


async def retrieve(
    user_id: str, served: ServedRelease, stores: Stores, legs: Legs, settings: ApiSettings
) -> Findings:
    """All of it from the one release. Nothing is found of an erased user, as the one asked about
    or as evidence."""
    if served.erased.includes(user_id):
        table = await _table_findings(user_id, served, stores, legs)
        of_nobody = TableFindings(performances=table.performances)
        return Findings(user_id, VectorFindings(), GraphFindings(), of_nobody)
    vector, graph, table = await asyncio.gather(
        _vector_findings(user_id, served, stores, legs, settings),
        legs.run(
            Leg.GRAPH,
            "walk the graph",
            lambda: _graph_findings(user_id, served, stores, settings),
        ),
        _table_findings(user_id, served, stores, legs),
    )
    found = Findings(user_id, vector, graph or GraphFindings(), table)
    return found.without(served.erased)


async def _vector_findings(
    user_id: str, served: ServedRelease, stores: Stores, legs: Legs, settings: ApiSettings
) -> VectorFindings:
    """Neighbours come from Milvus, what they did from Neo4j: each fails on its own account."""
    nearest = await legs.run(
        Leg.VECTOR, "search the vectors", lambda: _nearest(user_id, served, stores, settings)
    )
    if nearest is None:
        return VectorFindings()
    neighbour_engagement = None
    if nearest.similar_users:
        neighbour_engagement = await legs.run(
            Leg.GRAPH,
            "read the similar users' campaigns",
            lambda: stores.graph.engaged_with(
                [user.user_id for user in nearest.similar_users],
                materialization=served.contents.engaged_with,
            ),
        )
    return VectorFindings(
        nearest.has_profile, nearest.similar_users, nearest.messages, neighbour_engagement or ()
    )


async def _nearest(
    user_id: str, served: ServedRelease, stores: Stores, settings: ApiSettings
) -> VectorFindings:
    profile = await stores.vectors.profile(user_id, materialization=served.contents.user_profiles)
    if profile is None:
        return VectorFindings()
    similar_users, messages = await asyncio.gather(
        stores.vectors.similar_users(
            profile.embedding,
            settings.api_similar_users,
            exclude_user_id=user_id,
            materialization=served.contents.user_profiles,
        ),
        stores.vectors.similar_messages(
            profile.embedding,
            settings.api_nearest_messages,
            exclude_user_id=user_id,
            materializations=served.contents.message_vectors,
        ),
    )
    return VectorFindings(True, similar_users, messages)


async def _graph_findings(
    user_id: str, served: ServedRelease, stores: Stores, settings: ApiSettings
) -> GraphFindings:
    engaged_with = served.contents.engaged_with
    # The user's own campaigns are walked to as well: with exclude_seen=false they are ranked.
    reached = await stores.graph.co_engaged_campaigns(
        user_id,
        settings.api_co_engaged_campaigns,
        materialization=engaged_with,
        include_engaged=True,
    )
    peers = {path.peer_id for path in reached}
    engagement = await stores.graph.engaged_with(
        [user_id, *sorted(peers)], materialization=engaged_with
    )
    return GraphFindings(reached, engagement)


async def _table_findings(
    user_id: str, served: ServedRelease, stores: Stores, legs: Legs
) -> TableFindings:
    # Learnt a moment ago, when asking for the release: a dead Postgres is not waited for twice.
    if served.state is not ReleaseState.CURRENT:
        legs.skip(Leg.TABLE, "postgres did not answer for the current release")
        return TableFindings()
    found = await legs.run(Leg.TABLE, "read the tables", lambda: _tables(user_id, served, stores))
    return found or TableFindings()


async def _tables(user_id: str, served: ServedRelease, stores: Stores) -> TableFindings:
    engagement, performances = await asyncio.gather(
        stores.tables.user_engagement(user_id, materialization=served.contents.user_engagement),
        stores.tables.campaign_performances(materialization=served.contents.campaign_performance),
    )
    return TableFindings(engagement, performances)
