"""A corner of the stack's graph that is the test's own, and the two targets."""

import uuid
from collections.abc import Iterator

import pytest

from mpp_stores.neo4j.connection import connect
from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.settings import StoreSettings
from tests.stores.neo4j.own_graph import OwnGraph


@pytest.fixture
def graph(settings: StoreSettings) -> Iterator[OwnGraph]:
    """Empty; what the test writes under its ids is removed afterwards."""
    with connect(settings) as driver:
        graph = OwnGraph(driver, settings.neo4j_database, f"test-{uuid.uuid4().hex}-")
        yield graph
        graph.remove()


@pytest.fixture
def messages(settings: StoreSettings, graph: OwnGraph) -> Iterator[MessageGraph]:
    with MessageGraph(settings) as target:
        target.prepare()
        yield target


@pytest.fixture
def edges(settings: StoreSettings, graph: OwnGraph) -> Iterator[EngagedWithEdges]:
    """`first` is begun, anew."""
    with EngagedWithEdges(settings) as target:
        target.prepare()
        target.begin(graph.first, anew=True)
        yield target
        target.drop([graph.first, graph.second, graph.third])


@pytest.fixture
def dead_settings(settings: StoreSettings) -> StoreSettings:
    """Settings whose Neo4j address nobody listens on."""
    return settings.model_copy(update={"neo4j_uri": "bolt://127.0.0.1:1"})
