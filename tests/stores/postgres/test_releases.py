import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC

import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres.releases import current_release
from mpp_stores.ranking import RankingConfiguration, Weights
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest
from tests.stores.postgres.registry import DATA_THROUGH, Registry, new_run_id

EVENTS, VECTORS, PROFILES = "lake/conversation_events", "milvus/messages", "milvus/user_profiles"
LANDED = "lake/landed_events"
FIRST_DAY, SECOND_DAY = "1999-03-01", "1999-03-02"


def test_a_schema_without_tables_holds_no_release(registry: Registry) -> None:
    assert registry.current() is None
    assert registry.releases() == []
    assert registry.contents("20261124T052300Z-1f0c2a9b") == []


def test_a_published_release_is_the_current_one(registry: Registry) -> None:
    registry.materialize(PROFILES, digest=Digest(4, 1))
    run_id = new_run_id()
    ranking = RankingConfiguration(diversity=0.25, weights=Weights(graph="0.4", messages="0"))
    release = registry.publish(
        run_id, quality={"hit_rate_at_5": 0.5}, ranking=ranking, embedding_model="a-model"
    )
    assert registry.current() == release
    assert registry.served() == [(release.release_id, "publish")]
    assert release == Release(
        release_id=release.release_id,
        published_at=release.published_at,
        dagster_run_id=run_id,
        data_through=DATA_THROUGH,
        row_counts={PROFILES: 4},
        quality={"hit_rate_at_5": 0.5},
        ranking=release.ranking,
        embedding_model="a-model",
        predecessor=None,
        is_kept=True,
    )
    assert RankingConfiguration.model_validate(release.ranking) == ranking


def test_a_release_id_says_when_and_by_which_run(registry: Registry) -> None:
    run_id = new_run_id()
    release = registry.publish(run_id)
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", release.release_id)
    moment = f"{release.published_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert release.release_id == f"{moment}-{run_id[:8]}"


def test_a_release_names_the_latest_completed_of_every_partition(registry: Registry) -> None:
    registry.materialize(EVENTS, FIRST_DAY)
    first_day = registry.materialize(EVENTS, FIRST_DAY)
    second_day = registry.materialize(EVENTS, SECOND_DAY)
    profiles = registry.materialize(PROFILES)
    registry.begin(PROFILES, run_id="failed")
    release = registry.publish()
    contents = registry.contents(release.release_id)
    assert [(each.asset, each.partition, each.materialization) for each in contents] == [
        (EVENTS, FIRST_DAY, first_day),
        (EVENTS, SECOND_DAY, second_day),
        (PROFILES, "", profiles),
    ]
    assert contents[0] == registry.latest(EVENTS)[FIRST_DAY]


def test_a_renewed_release_differs_in_the_renewed_asset_alone(registry: Registry) -> None:
    """Neither what is newer nor what was gone back from is published with it."""
    day = registry.materialize(EVENTS, FIRST_DAY)
    registry.materialize(PROFILES)
    first = registry.publish()
    registry.materialize(EVENTS, FIRST_DAY)
    registry.publish()
    registry.rollback(first.release_id)
    registry.materialize(EVENTS, SECOND_DAY)
    profiles = registry.materialize(PROFILES)
    renewed = registry.publish(former=first.release_id, renewed=[PROFILES])
    assert renewed.predecessor == first.release_id
    assert registry.numbers_of(renewed.release_id) == [day, profiles]


def test_a_release_stays_what_it_was_while_more_is_materialized(registry: Registry) -> None:
    first = registry.materialize(EVENTS, FIRST_DAY)
    release = registry.publish()
    registry.materialize(EVENTS, FIRST_DAY)
    registry.materialize(EVENTS, SECOND_DAY)
    assert registry.current() == release
    assert registry.numbers_of(release.release_id) == [first]


def test_row_counts_are_sums_by_asset(registry: Registry) -> None:
    registry.materialize(EVENTS, FIRST_DAY, digest=Digest(2, 1))
    registry.materialize(EVENTS, SECOND_DAY, digest=Digest(3, 1))
    registry.materialize(PROFILES, digest=Digest(0, 0))
    assert registry.publish().row_counts == {EVENTS: 5, PROFILES: 0}


def test_what_is_included_is_completed_with_the_release(registry: Registry) -> None:
    number = registry.begin(LANDED, "a.json")["a.json"]
    registry.begin(LANDED, "b.json")
    release = registry.publish(including={number: Digest(3, 0)})
    assert registry.latest_numbers(LANDED) == {"a.json": number}
    assert registry.numbers_of(release.release_id) == [number]
    assert release.row_counts == {LANDED: 3}


def test_assets_that_agree_are_published(registry: Registry) -> None:
    for asset in (EVENTS, VECTORS):
        registry.materialize(asset, FIRST_DAY)
    release = registry.publish(agreeing=[EVENTS, VECTORS], upstream={VECTORS: [EVENTS]})
    assert registry.current() == release


def test_a_day_that_is_not_the_same_everywhere_is_refused_by_name(registry: Registry) -> None:
    registry.materialize(EVENTS, FIRST_DAY, digest=Digest(2, 9))
    registry.materialize(VECTORS, FIRST_DAY, digest=Digest(2, 9))
    registry.materialize(EVENTS, SECOND_DAY, digest=Digest(4, 9))
    registry.materialize(VECTORS, SECOND_DAY, digest=Digest(3, 8))
    with pytest.raises(StoreRejected, match=f"{EVENTS} 4, {VECTORS} 3") as refused:
        registry.publish(agreeing=[EVENTS, VECTORS])
    assert SECOND_DAY in str(refused.value)
    assert FIRST_DAY not in str(refused.value)


def test_what_is_older_than_its_source_is_refused_by_name(registry: Registry) -> None:
    registry.materialize(PROFILES)
    registry.materialize(VECTORS, FIRST_DAY)
    with pytest.raises(StoreRejected, match=f"{PROFILES} is older than {VECTORS} of {FIRST_DAY}"):
        registry.publish(upstream={PROFILES: [VECTORS]})


def test_a_day_in_place_that_was_begun_and_never_completed_is_refused_by_name(
    registry: Registry,
) -> None:
    registry.materialize(EVENTS, FIRST_DAY)
    registry.materialize(EVENTS, SECOND_DAY)
    registry.begin(EVENTS, SECOND_DAY)
    registry.begin(VECTORS, FIRST_DAY)
    with pytest.raises(StoreRejected, match=f"{EVENTS} of {SECOND_DAY}") as refused:
        registry.publish(in_place=[EVENTS])
    assert FIRST_DAY not in str(refused.value)
    registry.materialize(EVENTS, SECOND_DAY)
    assert registry.current() is None
    registry.publish(in_place=[EVENTS])


@pytest.mark.parametrize("quality", [0.5, float("nan")])
def test_a_refused_release_changes_nothing(registry: Registry, quality: float) -> None:
    registry.materialize(EVENTS, FIRST_DAY)
    first = registry.publish()
    served = registry.served()
    landing = registry.begin(LANDED, "a.json")["a.json"]
    with pytest.raises(StoreRejected):
        registry.publish(
            quality={"accepted_share": quality},
            agreeing=[EVENTS, VECTORS],
            including={landing: Digest(3, 0)},
        )
    assert registry.latest(LANDED) == {}
    assert registry.releases() == [first]
    assert registry.current() == first
    assert registry.served() == served


def test_a_run_that_was_refused_publishes_once_the_assets_agree(registry: Registry) -> None:
    registry.materialize(EVENTS, FIRST_DAY)
    run_id = new_run_id()
    with pytest.raises(StoreRejected):
        registry.publish(run_id, agreeing=[EVENTS, VECTORS])
    registry.materialize(VECTORS, FIRST_DAY)
    release = registry.publish(run_id, agreeing=[EVENTS, VECTORS])
    assert registry.releases() == [release]


def test_a_figure_that_is_not_a_number_is_refused(registry: Registry) -> None:
    with pytest.raises(StoreRejected):
        registry.publish(quality={"accepted_share": float("nan")})
    assert registry.current() is None


def test_a_release_names_the_one_before_it(registry: Registry) -> None:
    first, second, third = (registry.publish() for _ in range(3))
    assert (second.predecessor, third.predecessor) == (first.release_id, second.release_id)
    assert registry.releases(limit=2) == [third, second]


def test_a_run_that_publishes_twice_gets_the_same_release(registry: Registry) -> None:
    run_id = new_run_id()
    first = registry.publish(run_id)
    registry.materialize(EVENTS, FIRST_DAY)
    assert registry.publish(run_id, quality={"accepted_share": 0.9}) == first
    assert registry.releases() == [first]
    assert registry.contents(first.release_id) == []


def test_publishing_again_does_not_undo_a_later_release(registry: Registry) -> None:
    run_id = new_run_id()
    registry.publish(run_id)
    later = registry.publish()
    registry.publish(run_id)
    assert registry.current() == later


def test_runs_publishing_at_once_form_one_line(registry: Registry) -> None:
    registry.materialize(EVENTS, FIRST_DAY)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(registry.publish, [new_run_id() for _ in range(8)]))
    line = registry.releases()
    assert len(line) == 8
    successors = [*(release.release_id for release in line[1:]), None]
    assert [release.predecessor for release in line] == successors
    assert registry.current() == line[0]


def test_a_run_publishing_twice_at_once_publishes_one_release(registry: Registry) -> None:
    run_id = new_run_id()
    with ThreadPoolExecutor(2) as threads:
        published = list(threads.map(registry.publish, [run_id] * 4))
    assert published == registry.releases() * 4


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        current_release(dead_settings)
