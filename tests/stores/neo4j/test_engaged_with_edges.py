from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from mpp_stores.errors import StoreRejected
from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.settings import StoreSettings
from tests.stores.neo4j.own_graph import FIRST_DAY, HOSTILE_IDS, OwnGraph
from tests.stores.neo4j.processes import write_edges


def rows(target: EngagedWithEdges, graph: OwnGraph) -> list[dict[str, Any]]:
    """The test's own rows, by user and campaign id."""
    found = [row for batch in target.read() for row in batch.to_pylist()]
    own = [row for row in found if row["user_id"].startswith(graph.prefix)]
    return sorted(own, key=lambda row: (str(row["user_id"]), str(row["campaign_id"])))


def sweep(target: EngagedWithEdges, graph: OwnGraph, stamp: str) -> int:
    """Sweep every edge, sparing those of other tests."""
    others = graph.adopt_edges(stamp)
    try:
        return target.sweep(stamp, None)
    finally:
        graph.return_edges(others)


def test_an_edge_reads_back_exactly_with_its_microseconds(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    batch = graph.edge_batch(("ada", "spring"), ("bob", "spring"))
    assert edges.write(batch, "first") == 2
    assert rows(edges, graph) == batch.to_pylist()


def test_every_batch_read_has_the_schema_of_the_target(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring")), "first")
    assert {batch.schema for batch in edges.read()} == {edges.schema}


def test_writing_an_edge_again_replaces_its_figures(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), messages=3), "first")
    again = graph.edge_batch(("ada", "spring"), messages=5)
    edges.write(again, "second")
    assert rows(edges, graph) == again.to_pylist()


def test_count_counts_edges(edges: EngagedWithEdges, graph: OwnGraph) -> None:
    before = edges.count()
    edges.write(graph.edge_batch(("ada", "spring"), ("ada", "summer")), "first")
    assert edges.count() - before == 2


def test_sweeping_removes_edges_of_other_stamps(edges: EngagedWithEdges, graph: OwnGraph) -> None:
    stamp = graph.id("second")
    edges.write(graph.edge_batch(("ada", "spring"), ("ada", "summer")), graph.id("first"))
    edges.write(graph.edge_batch(("ada", "summer")), stamp)
    assert sweep(edges, graph, stamp) == 1
    assert graph.edges() == [("ada", "summer")]


def test_sweeping_removes_users_and_campaigns_that_nothing_names(
    edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    edges.write(graph.edge_batch(("ada", "spring"), ("bob", "summer")), graph.id("first"))
    edges.write(graph.edge_batch(("bob", "summer")), graph.id("second"))
    sweep(edges, graph, graph.id("second"))
    assert graph.users() == [("bob",)]
    assert graph.campaigns() == [("summer",)]


def test_sweeping_keeps_users_and_campaigns_that_a_message_names(
    edges: EngagedWithEdges, messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    edges.write(graph.edge_batch(("ada", "spring")), graph.id("first"))
    sweep(edges, graph, graph.id("second"))
    assert graph.edges() == []
    assert graph.messages() == [("ada", "m1", "spring")]


def test_sweeping_messages_keeps_users_and_campaigns_that_an_edge_names(
    edges: EngagedWithEdges, messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    edges.write(graph.edge_batch(("ada", "spring")), "first")
    messages.sweep("second", [FIRST_DAY])
    assert graph.messages() == []
    assert graph.edges() == [("ada", "spring")]


def test_days_cannot_be_selected(edges: EngagedWithEdges) -> None:
    for select in (edges.count, edges.read, lambda days: edges.sweep("second", days)):
        with pytest.raises(StoreRejected, match="pass days=None"):
            select([FIRST_DAY])


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_cypher(
    edges: EngagedWithEdges, graph: OwnGraph, hostile: str
) -> None:
    batch = graph.edge_batch((hostile, hostile))
    edges.write(batch, "first")
    assert rows(edges, graph) == batch.to_pylist()


def test_processes_writing_the_same_edges_leave_one_of_each(
    settings: StoreSettings, edges: EngagedWithEdges, graph: OwnGraph
) -> None:
    pairs = [(f"user{user:02}", f"campaign{campaign}") for user in range(40) for campaign in (1, 2)]
    batch = graph.edge_batch(*pairs)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        writing = [processes.submit(write_edges, settings, batch, stamp) for stamp in ("a", "b")]
        assert [written.result(timeout=120) for written in writing] == [80, 80]
    assert graph.edges() == sorted(pairs)
    assert len(graph.users()) == 40
    assert len(graph.campaigns()) == 2
