"""What is asked of the stores, and what is left of it when they answer in part."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from mpp_api.deadline import Deadline
from mpp_api.metrics.service import Metrics
from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.retrieval import Retrieval
from mpp_api.releases.served import ServedRelease
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.resilience.guards import Guards
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.settings import ApiSettings
from mpp_api.stores import Stores, open_stores
from mpp_stores.breaker import Breakers
from mpp_stores.errors import StoreUnavailable
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import CoEngagement
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts

LONG = 3_600.0
ONE_OF_EACH = RankingConfiguration(
    similar_users=1, nearest_messages=1, co_engaged_campaigns=1, topic_campaigns=1
)


@dataclass(frozen=True)
class Asking:
    served: ServedRelease
    stores: Stores
    dataset: Dataset
    legs: Legs

    async def about(self, user: str, graph: GraphReader | None = None) -> Findings:
        stores = replace(self.stores, graph=graph or self.stores.graph)
        retrieval = Retrieval(
            self.served,
            stores,
            KnownTexts(self.dataset),
            self.legs,
            not_running=frozenset(),
            explains=True,
        )
        return await retrieval.find(self.dataset.id(user), [])


@pytest.fixture
async def asking(api_settings: ApiSettings, dataset: Dataset) -> AsyncIterator[Asking]:
    """Over a release that ranks by one of each kind of evidence."""
    breakers = Breakers()
    guards = Guards(breakers, Metrics(), timeout_seconds=LONG)
    async with open_stores(api_settings, breakers) as stores:
        watch = ReleaseWatch(
            stores.tables,
            guards,
            recheck_seconds=LONG,
            timeout_seconds=LONG,
            stale_after=timedelta.max,
        )
        served = replace(await watch.served(), ranking=ONE_OF_EACH)
        yield Asking(served, stores, dataset, Legs(guards, Metrics(), Deadline(LONG)))


async def test_the_user_s_own_campaigns_take_no_other_s_place_among_the_nearest(
    asking: Asking,
) -> None:
    """The three campaigns that are nearest to cid are cid's own."""
    found = await asking.about("cid")
    own = [asking.dataset.id(name) for name in ("boots", "lamps", "maps")]
    assert [each.campaign_id for each in found.vector.topics] == [*own, asking.dataset.id("tents")]


async def test_the_user_s_own_campaigns_take_no_other_s_place_among_those_walked_to(
    asking: Asking,
) -> None:
    """No campaign is reached from ben as well as boots, which are ben's own."""
    found = await asking.about("ben")
    names = ("boots", "tents", "lamps", "maps")
    assert [each.campaign_id for each in found.graph.co_engagements] == [
        asking.dataset.id(name) for name in names
    ]


class NoWalks(GraphReader):
    async def co_engaged_campaigns(
        self, user_id: str, limit: int, *, materialization: int
    ) -> list[CoEngagement]:
        raise StoreUnavailable("neo4j", "traverse co-engagement", "no answer in time")


async def test_what_the_user_engaged_with_is_known_though_the_walk_takes_too_long(
    asking: Asking, api_settings: ApiSettings
) -> None:
    graph = NoWalks(api_settings)
    found = await asking.about("ada", graph)
    await graph.close()
    assert asking.legs.missing == [Leg.GRAPH]
    assert not found.graph.co_engagements
    assert {edge.campaign_id for edge in found.graph.own or ()} == {
        asking.dataset.id(name) for name in ("boots", "tents")
    }
