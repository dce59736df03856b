from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest, identity_hash
from tests.stores.neo4j.own_graph import FIRST_DAY, HOSTILE_IDS, OwnGraph
from tests.stores.neo4j.processes import write_edges


def rows(target: EngagedWithEdges, *materializations: int) -> list[dict[str, Any]]:
    """By user and campaign id."""
    found = [row for batch in target.read(materializations) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: (str(row["user_id"]), str(row["campaign_id"])))


def change_edge(target: EngagedWithEdges, graph: OwnGraph, *, messages: int) -> None:
    """Between ada and spring, with `second`."""
    changed = graph.edge_batch(("ada", "spring"), messages=messages, materialization=graph.second)
    target.end(changed)
    target.write(changed)


def test_an_edge_reads_back_exactly_with_its_microseconds(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    batch = graph.edge_batch(("ada", "spring"), ("bob", "spring"))
    assert edges.write(batch) == 2
    assert rows(edges, graph.first) == batch.select(edges.schema.names).to_pylist()


def test_every_batch_read_has_the_schema_of_the_target(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    assert {batch.schema for batch in edges.read([graph.first])} == {edges.schema}


def test_writing_twice_equals_writing_once(edges: EngagedWithEdges, graph: OwnGraph) -> None:
    batch = graph.edge_batch(("ada", "spring"), ("bob", "spring"))
    edges.write(batch)
    edges.write(batch)
    assert graph.edges() == [("ada", "spring"), ("bob", "spring")]


def test_an_edge_that_stays_as_it_is_is_stored_once(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    edges.begin(graph.second, anew=False)
    assert rows(edges, graph.second) == rows(edges, graph.first)
    assert graph.edges() == [("ada", "spring")]


def test_an_edge_that_changed_is_one_of_the_former_and_another_of_the_new_materialization(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), messages=3))
    edges.begin(graph.second, anew=False)
    change_edge(edges, graph, messages=5)
    assert [row["message_count"] for row in rows(edges, graph.first)] == [3]
    assert [row["message_count"] for row in rows(edges, graph.second)] == [5]
    assert graph.users() == [("ada",)]
    assert graph.campaigns() == [("spring",)]


def test_beginning_ending_and_writing_twice_equals_once(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), ("bob", "spring"), messages=3))
    for _ in range(2):
        edges.begin(graph.second, anew=False)
        change_edge(edges, graph, messages=5)
    assert [row["message_count"] for row in rows(edges, graph.first)] == [3, 3]
    assert [row["message_count"] for row in rows(edges, graph.second)] == [5, 3]


def test_a_materialization_without_predecessor_begins_without_edges(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(*((f"user{n}", "spring") for n in range(1_205))))
    edges.begin(graph.second, anew=True)
    assert rows(edges, graph.second) == []
    assert len(rows(edges, graph.first)) == 1_205


def test_edges_of_an_earlier_version_go_when_all_are_written_anew(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    graph.add_former_edge("bob", "spring")
    edges.begin(graph.second, anew=True)
    assert graph.edges() == [("ada", "spring")]


def test_dropping_the_newest_takes_back_what_it_began_and_ended(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), ("bob", "spring")))
    before = rows(edges, graph.first)
    edges.begin(graph.second, anew=False)
    change_edge(edges, graph, messages=5)
    edges.write(graph.edge_batch(("eve", "spring"), materialization=graph.second))
    assert edges.drop([graph.second]) == 2
    edges.begin(graph.third, anew=False)
    assert rows(edges, graph.third) == rows(edges, graph.first) == before


def test_reading_no_materialization_reads_no_row(edges: EngagedWithEdges, graph: OwnGraph) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    assert rows(edges) == []


def test_the_digest_sums_the_hash_of_user_and_campaign(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    pairs = [("ada", "spring"), ("ada", "summer"), ("bob", "spring")]
    edges.write(graph.edge_batch(*pairs))
    edges.begin(graph.second, anew=False)
    edges.end(graph.edge_batch(*pairs[1:], materialization=graph.second))
    edges.begin(graph.third, anew=True)
    hashes = [identity_hash([graph.id(user), graph.id(campaign)]) for user, campaign in pairs]
    assert edges.digests([graph.first, graph.second, graph.third]) == {
        graph.first: Digest(3, sum(hashes)),
        graph.second: Digest(1, hashes[0]),
        graph.third: NOTHING,
    }


def test_dropping_removes_the_edges_that_no_other_materialization_holds(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    edges.begin(graph.second, anew=False)
    edges.write(graph.edge_batch(("ada", "summer"), materialization=graph.second))
    edges.begin(graph.third, anew=False)
    edges.end(graph.edge_batch(("ada", "summer"), materialization=graph.third))
    assert edges.drop([graph.second]) == 1
    kept = graph.edge_batch(("ada", "spring")).select(edges.schema.names).to_pylist()
    assert rows(edges, graph.first) == rows(edges, graph.third) == kept
    assert edges.drop([graph.first]) == 0
    assert rows(edges, graph.third) == kept


def test_dropping_more_edges_than_a_transaction_holds_removes_all(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(*((f"user{n}", f"campaign{n % 3}") for n in range(1_205))))
    assert edges.drop([graph.first]) == 1_205
    assert graph.users() == []
    assert graph.campaigns() == []


def test_dropping_again_drops_nothing(edges: EngagedWithEdges, graph: OwnGraph) -> None:
    edges.write(graph.edge_batch(("ada", "spring")))
    assert [edges.drop([graph.first]), edges.drop([graph.first])] == [1, 0]


def test_dropping_removes_users_and_campaigns_that_nothing_names(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), ("bob", "summer")))
    edges.begin(graph.second, anew=False)
    edges.end(graph.edge_batch(("ada", "spring"), materialization=graph.second))
    edges.drop([graph.first])
    assert graph.users() == [("bob",)]
    assert graph.campaigns() == [("summer",)]


def test_dropping_keeps_users_and_campaigns_that_a_message_names(
    edges: EngagedWithEdges, messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    edges.write(graph.edge_batch(("ada", "spring")))
    edges.drop([graph.first])
    assert graph.edges() == []
    assert graph.messages() == [("ada", "m1", "spring")]


def test_dropping_messages_keeps_users_and_campaigns_that_an_edge_names(
    edges: EngagedWithEdges, messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    edges.write(graph.edge_batch(("ada", "spring")))
    messages.drop([graph.first])
    assert graph.messages() == []
    assert graph.edges() == [("ada", "spring")]


def test_the_rows_of_a_user_are_the_edges_of_every_materialization(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), ("ada", "summer"), ("bob", "spring")))
    edges.begin(graph.second, anew=False)
    change_edge(edges, graph, messages=5)
    assert edges.rows_of_user(graph.id("ada")) == 3
    assert edges.rows_of_user(graph.id("nobody")) == 0


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_cypher(
    edges: EngagedWithEdges, graph: OwnGraph, hostile: str
) -> None:
    batch = graph.edge_batch((hostile, hostile))
    edges.write(batch)
    assert rows(edges, graph.first) == batch.select(edges.schema.names).to_pylist()
    assert edges.rows_of_user(graph.id(hostile)) == 1


def test_processes_writing_the_same_edges_leave_one_of_each(
    settings: StoreSettings,
    edges: EngagedWithEdges,
    graph: OwnGraph,
    two_processes: ProcessPoolExecutor,
) -> None:
    pairs = [(f"user{user:02}", f"campaign{campaign}") for user in range(40) for campaign in (1, 2)]
    batch = graph.edge_batch(*pairs)
    writing = [two_processes.submit(write_edges, settings, batch) for _ in range(2)]
    assert [written.result(timeout=120) for written in writing] == [80, 80]
    assert graph.edges() == sorted(pairs)
    assert len(graph.users()) == 40
    assert len(graph.campaigns()) == 2
