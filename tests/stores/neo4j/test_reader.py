from collections.abc import AsyncIterator

import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.neo4j.writer import EngagedWithEdges
from mpp_stores.records import CoEngagement, EngagedWith
from mpp_stores.settings import StoreSettings
from tests.stores.neo4j.own_graph import FIRST_AT, HOSTILE_IDS, LAST_AT, OwnGraph


@pytest.fixture
async def reader(settings: StoreSettings) -> AsyncIterator[GraphReader]:
    reader = GraphReader(settings)
    yield reader
    await reader.close()


@pytest.fixture
def small_graph(edges: EngagedWithEdges, graph: OwnGraph) -> OwnGraph:
    """ada {spring, summer}; bob {spring, summer, autumn}; cleo {summer, autumn, winter};
    dan {winter}: ada and bob overlap by 2/3, ada and cleo by 1/4, ada and dan not at all.
    """
    edges.write(
        graph.edge_batch(
            ("ada", "spring"),
            ("ada", "summer"),
            ("bob", "spring"),
            ("bob", "summer"),
            ("bob", "autumn"),
            ("cleo", "summer"),
            ("cleo", "autumn"),
            ("cleo", "winter"),
            ("dan", "winter"),
        )
    )
    return graph


async def test_ping_succeeds_on_a_live_server(reader: GraphReader) -> None:
    await reader.ping()


async def test_the_edges_of_users_come_by_user_and_campaign(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    found = await reader.engaged_with(
        [small_graph.id("dan"), small_graph.id("ada")], materialization=small_graph.first
    )
    assert found == [
        EngagedWith(small_graph.id(user), small_graph.id(campaign), 3, 2, FIRST_AT, LAST_AT)
        for user, campaign in (("ada", "spring"), ("ada", "summer"), ("dan", "winter"))
    ]


async def test_naming_a_user_twice_reads_the_edges_once(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    dan = small_graph.id("dan")
    found = await reader.engaged_with([dan, dan], materialization=small_graph.first)
    assert len(found) == 1


async def test_an_unknown_user_has_no_edges(reader: GraphReader, small_graph: OwnGraph) -> None:
    nobody = small_graph.id("nobody")
    assert await reader.engaged_with([nobody], materialization=small_graph.first) == []


async def test_co_engaged_campaigns_weigh_the_overlap_with_each_peer(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    autumn, *_, winter = await reader.co_engaged_campaigns(
        small_graph.id("ada"), 10, materialization=small_graph.first
    )
    assert autumn == CoEngagement(
        campaign_id=small_graph.id("autumn"),
        path_count=3,
        peer_count=2,
        weight=pytest.approx(2 / 3 + 1 / 4),
        shared_campaign_id=small_graph.id("spring"),
        peer_id=small_graph.id("bob"),
    )
    assert winter == CoEngagement(
        campaign_id=small_graph.id("winter"),
        path_count=1,
        peer_count=1,
        weight=pytest.approx(1 / 4),
        shared_campaign_id=small_graph.id("summer"),
        peer_id=small_graph.id("cleo"),
    )


async def test_the_limit_keeps_the_heaviest_campaigns(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    (only,) = await reader.co_engaged_campaigns(
        small_graph.id("ada"), 1, materialization=small_graph.first
    )
    assert only.campaign_id == small_graph.id("autumn")


async def test_peers_who_lead_nowhere_take_no_place_of_those_who_lead_on(
    reader: GraphReader,
    edges: EngagedWithEdges,
    small_graph: OwnGraph,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody overlaps more than who has the very same campaigns."""
    twins = [("twin", "spring"), ("twin", "summer"), ("other twin", "summer")]
    edges.write(small_graph.edge_batch(*twins))
    monkeypatch.setattr("mpp_stores.neo4j.reader.STRONGEST_PEERS", 1)
    found = await reader.co_engaged_campaigns(
        small_graph.id("ada"), 10, materialization=small_graph.first
    )
    autumn = {campaign.campaign_id: campaign for campaign in found}[small_graph.id("autumn")]
    assert (autumn.peer_id, autumn.weight) == (small_graph.id("bob"), pytest.approx(2 / 3))


async def test_the_user_s_own_campaigns_are_reached_over_the_other_shared_ones(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    found = await reader.co_engaged_campaigns(
        small_graph.id("ada"), 10, materialization=small_graph.first
    )
    weights = {campaign.campaign_id: campaign.weight for campaign in found}
    # spring over summer with bob; summer over spring with bob (cleo shares only summer itself).
    assert weights == {
        small_graph.id("autumn"): pytest.approx(2 / 3 + 1 / 4),
        small_graph.id("spring"): pytest.approx(2 / 3),
        small_graph.id("summer"): pytest.approx(2 / 3),
        small_graph.id("winter"): pytest.approx(1 / 4),
    }


async def test_campaigns_of_equal_weight_come_by_id(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    found = await reader.co_engaged_campaigns(
        small_graph.id("dan"), 10, materialization=small_graph.first
    )
    assert [(campaign.campaign_id, campaign.weight) for campaign in found] == [
        (small_graph.id("autumn"), pytest.approx(1 / 3)),
        (small_graph.id("summer"), pytest.approx(1 / 3)),
    ]


async def test_an_unknown_user_reaches_no_campaign(
    reader: GraphReader, small_graph: OwnGraph
) -> None:
    nobody, number = small_graph.id("nobody"), small_graph.first
    assert await reader.co_engaged_campaigns(nobody, 10, materialization=number) == []


async def test_only_the_edges_of_the_materialization_are_read(
    reader: GraphReader, edges: EngagedWithEdges, small_graph: OwnGraph
) -> None:
    later = small_graph.edge_batch(
        ("ada", "spring"), messages=5, materialization=small_graph.second
    )
    edges.begin(small_graph.second, anew=True)
    edges.write(later)
    edges.begin(small_graph.third, anew=True)
    ada = [small_graph.id("ada")]
    former = await reader.engaged_with(ada, materialization=small_graph.first)
    found = await reader.engaged_with(ada, materialization=small_graph.second)
    assert [edge.message_count for edge in former] == [3, 3]
    assert [edge.message_count for edge in found] == [5]
    assert await reader.engaged_with(ada, materialization=small_graph.third) == []


async def test_edges_of_other_materializations_change_no_co_engaged_campaign(
    reader: GraphReader, edges: EngagedWithEdges, small_graph: OwnGraph
) -> None:
    async def found() -> list[CoEngagement]:
        return await reader.co_engaged_campaigns(
            small_graph.id("ada"), 10, materialization=small_graph.first
        )

    before = await found()
    users, campaigns = ("ada", "bob", "cleo", "dan", "eve"), ("autumn", "winter", "snow", "spring")
    for number in (small_graph.second, small_graph.third):
        pairs = [(user, campaign) for user in users for campaign in campaigns]
        edges.begin(number, anew=True)
        edges.write(small_graph.edge_batch(*pairs, materialization=number))
    assert before == await found()


async def test_co_engaged_campaigns_are_those_of_the_materialization(
    reader: GraphReader, edges: EngagedWithEdges, small_graph: OwnGraph
) -> None:
    pairs = [("ada", "spring"), ("dan", "spring"), ("dan", "snow")]
    edges.begin(small_graph.second, anew=True)
    edges.write(small_graph.edge_batch(*pairs, materialization=small_graph.second))
    (only,) = await reader.co_engaged_campaigns(
        small_graph.id("ada"), 10, materialization=small_graph.second
    )
    assert (only.campaign_id, only.peer_id) == (small_graph.id("snow"), small_graph.id("dan"))
    assert only.weight == pytest.approx(1 / 2)


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
async def test_an_id_is_never_read_as_cypher(
    reader: GraphReader, edges: EngagedWithEdges, graph: OwnGraph, hostile: str
) -> None:
    edges.write(graph.edge_batch((hostile, "spring"), ("bob", "spring"), ("bob", hostile)))
    (edge,) = await reader.engaged_with([graph.id(hostile)], materialization=graph.first)
    (campaign,) = await reader.co_engaged_campaigns(
        graph.id(hostile), 10, materialization=graph.first
    )
    assert (edge.user_id, campaign.campaign_id) == (graph.id(hostile), graph.id(hostile))


async def test_a_dead_server_can_be_tried_again(dead_settings: StoreSettings) -> None:
    reader = GraphReader(dead_settings)
    with pytest.raises(StoreUnavailable, match="neo4j: could not ping"):
        await reader.ping()
    await reader.close()


async def test_a_query_that_takes_too_long_can_be_tried_again(settings: StoreSettings) -> None:
    reader = GraphReader(settings, timeout_seconds=0.000_1)
    with pytest.raises(StoreUnavailable):
        await reader.ping()
    await reader.close()


async def test_a_database_that_does_not_exist_is_rejected(settings: StoreSettings) -> None:
    reader = GraphReader(settings.model_copy(update={"neo4j_database": "nosuchdatabase"}))
    with pytest.raises(StoreRejected):
        await reader.ping()
    await reader.close()
