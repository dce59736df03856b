import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres.materializations import begin
from mpp_stores.records import Materialization
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest
from tests.stores.postgres.registry import Registry

DAILY, OTHER = "mongo/conversations", "neo4j/messages"
FIRST_DAY, SECOND_DAY = "1999-03-01", "1999-03-02"


def test_a_schema_without_tables_reads_as_empty(registry: Registry) -> None:
    assert registry.latest(DAILY) == {}
    assert registry.droppable() == {}


def test_every_beginning_gives_each_partition_a_greater_number(registry: Registry) -> None:
    first = registry.begin(DAILY, FIRST_DAY, SECOND_DAY)
    again = registry.begin(DAILY, FIRST_DAY, SECOND_DAY)
    assert set(first) == set(again) == {FIRST_DAY, SECOND_DAY}
    assert len({*first.values(), *again.values()}) == 4
    assert max(first.values()) < min(again.values())


def test_an_asset_without_partitions_is_numbered_under_an_empty_name(registry: Registry) -> None:
    daily = registry.begin(DAILY, FIRST_DAY)
    derived = registry.begin("postgres/user_engagement", "")
    assert list(derived) == [""]
    assert derived[""] > daily[FIRST_DAY]


def test_beginning_no_partition_numbers_nothing(settings: StoreSettings, schema_name: str) -> None:
    begun = begin(
        settings, asset=DAILY, partitions=[], dagster_run_id="run", schema_name=schema_name
    )
    assert begun == {}


def test_a_completed_materialization_says_what_it_holds_and_whose_it_is(
    registry: Registry,
) -> None:
    number = registry.materialize(
        DAILY, FIRST_DAY, digest=Digest(2, 2**40), run_id="the-run-that-wrote"
    )
    found = registry.latest(DAILY)[FIRST_DAY]
    assert found.completed_at is not None
    assert found.begun_at <= found.completed_at
    assert found == Materialization(
        materialization=number,
        asset=DAILY,
        partition=FIRST_DAY,
        dagster_run_id="the-run-that-wrote",
        begun_at=found.begun_at,
        completed_at=found.completed_at,
        row_count=2,
        identity_hash=2**40,
    )


def test_a_day_without_rows_is_complete_too(registry: Registry) -> None:
    number = registry.materialize(DAILY, FIRST_DAY, digest=NOTHING)
    assert registry.latest_numbers(DAILY) == {FIRST_DAY: number}


def test_the_latest_is_the_completed_one_of_greatest_number_of_its_partition(
    registry: Registry,
) -> None:
    registry.materialize(DAILY, FIRST_DAY)
    second = registry.materialize(DAILY, FIRST_DAY)
    registry.begin(DAILY, FIRST_DAY)
    other_day = registry.materialize(DAILY, SECOND_DAY)
    registry.materialize(OTHER, FIRST_DAY)
    assert registry.latest_numbers(DAILY) == {FIRST_DAY: second, SECOND_DAY: other_day}


def test_completing_an_earlier_number_late_does_not_make_it_the_latest(
    registry: Registry,
) -> None:
    earlier = registry.begin(DAILY, FIRST_DAY)[FIRST_DAY]
    later = registry.materialize(DAILY, FIRST_DAY)
    registry.complete({earlier: Digest(1, 1)})
    assert registry.latest_numbers(DAILY) == {FIRST_DAY: later}


def test_completing_again_keeps_the_time_of_the_first(registry: Registry) -> None:
    number = registry.materialize(DAILY, FIRST_DAY, digest=Digest(1, 1))
    before = registry.latest(DAILY)[FIRST_DAY]
    registry.complete({number: Digest(1, 1)})
    assert registry.latest(DAILY)[FIRST_DAY] == before


def test_completing_is_for_all_numbers_or_none(registry: Registry) -> None:
    first = registry.begin(DAILY, FIRST_DAY)[FIRST_DAY]
    second = registry.begin(DAILY, SECOND_DAY)[SECOND_DAY]
    with pytest.raises(StoreRejected, match="complete materializations"):
        registry.complete({first: Digest(1, 1), second: Digest(1, 2**64)})
    assert registry.latest(DAILY) == {}


def test_completing_numbers_that_are_not_there_names_them_and_completes_none(
    registry: Registry,
) -> None:
    first = registry.begin(DAILY, FIRST_DAY)[FIRST_DAY]
    dropped = registry.begin(DAILY, SECOND_DAY)[SECOND_DAY]
    registry.forget(dropped)
    with pytest.raises(StoreRejected, match=rf"dropped since: \[{dropped}\]"):
        registry.complete({first: Digest(1, 1), dropped: Digest(1, 1)})
    assert registry.latest(DAILY) == {}


def test_what_was_superseded_before_any_release_is_droppable(registry: Registry) -> None:
    superseded = [registry.materialize(DAILY, FIRST_DAY) for _ in range(3)][:2]
    of_the_other = registry.materialize(OTHER, FIRST_DAY)
    registry.materialize(OTHER, FIRST_DAY)
    assert registry.droppable() == {DAILY: superseded, OTHER: [of_the_other]}


def test_the_latest_completed_of_a_partition_is_not_droppable(registry: Registry) -> None:
    registry.materialize(DAILY, FIRST_DAY)
    registry.materialize(DAILY, SECOND_DAY)
    registry.begin(DAILY, FIRST_DAY, run_id="the run that goes on")
    assert registry.droppable(except_run="the run that goes on") == {}


def test_what_another_run_never_completed_is_droppable(registry: Registry) -> None:
    registry.materialize(DAILY, FIRST_DAY)
    left = registry.begin(DAILY, FIRST_DAY, SECOND_DAY, run_id="failed")
    registry.begin(DAILY, FIRST_DAY, SECOND_DAY, run_id="goes on")
    assert registry.droppable(except_run="goes on") == {DAILY: sorted(left.values())}


def test_that_a_partition_in_place_was_begun_is_remembered_until_it_is_completed(
    registry: Registry,
) -> None:
    registry.materialize(DAILY, FIRST_DAY)
    begun = registry.begin(DAILY, FIRST_DAY, run_id="failed")[FIRST_DAY]
    assert registry.droppable(in_place=[OTHER]) == {DAILY: [begun]}
    assert registry.droppable(in_place=[DAILY]) == {}
    registry.materialize(DAILY, FIRST_DAY)
    assert begun in registry.droppable(in_place=[DAILY])[DAILY]


def test_what_the_served_release_does_not_name_is_unpublished(registry: Registry) -> None:
    assert registry.unpublished(DAILY) == {}
    first = registry.materialize(DAILY, FIRST_DAY)
    assert registry.unpublished(DAILY) == {FIRST_DAY: first}
    release = registry.publish()
    registry.begin(DAILY, FIRST_DAY)
    registry.materialize(OTHER, FIRST_DAY)
    assert registry.unpublished(DAILY) == {}
    second = registry.materialize(DAILY, SECOND_DAY)
    assert registry.unpublished(DAILY) == {SECOND_DAY: second}
    registry.publish()
    assert registry.unpublished(DAILY) == {}
    registry.rollback(release.release_id)
    assert registry.unpublished(DAILY) == {SECOND_DAY: second}


def test_what_no_release_names_the_newest_of_is_left_behind(registry: Registry) -> None:
    """Whether it was completed or not."""
    assert registry.left_behind(DAILY, OTHER) == {}
    registry.materialize(DAILY, FIRST_DAY)
    release = registry.publish()
    assert registry.left_behind(DAILY, OTHER) == {}
    completed = registry.materialize(OTHER, SECOND_DAY)
    begun = registry.begin(DAILY, FIRST_DAY)[FIRST_DAY]
    assert registry.left_behind(DAILY, OTHER) == {begun: FIRST_DAY, completed: SECOND_DAY}
    assert registry.left_behind(OTHER) == {completed: SECOND_DAY}
    assert registry.left_behind(OTHER, for_seconds=60) == {}
    registry.materialize(DAILY, FIRST_DAY)
    registry.publish()
    assert registry.left_behind(DAILY, OTHER) == {}
    registry.rollback(release.release_id)
    assert registry.left_behind(DAILY, OTHER) == {}


def test_what_was_begun_before_and_never_completed_is_abandoned(registry: Registry) -> None:
    registry.materialize(DAILY)
    abandoned = [registry.begin(DAILY)[""] for _ in range(2)]
    registry.begin(OTHER)
    current = registry.begin(DAILY)[""]
    registry.begin(DAILY)
    assert registry.abandoned(DAILY, before=current) == abandoned


def test_what_a_kept_release_names_is_not_droppable(registry: Registry) -> None:
    named = registry.materialize(DAILY, FIRST_DAY)
    registry.publish()
    unnamed = registry.materialize(DAILY, FIRST_DAY)
    registry.materialize(DAILY, FIRST_DAY)
    assert registry.droppable() == {DAILY: [unnamed]}
    registry.publish()
    registry.retire(keep=1)
    assert registry.droppable() == {DAILY: [named, unnamed]}


def test_after_a_rollback_neither_what_is_served_nor_the_latest_is_droppable(
    registry: Registry,
) -> None:
    registry.materialize(DAILY, FIRST_DAY)
    first = registry.publish()
    between = registry.materialize(DAILY, FIRST_DAY)
    registry.publish()
    registry.materialize(DAILY, FIRST_DAY)
    registry.publish()
    registry.rollback(first.release_id)
    registry.retire(keep=0)
    assert registry.droppable() == {DAILY: [between]}


def test_forgotten_numbers_are_not_found_again_nor_given_again(registry: Registry) -> None:
    superseded = registry.materialize(DAILY, FIRST_DAY)
    latest = registry.materialize(DAILY, FIRST_DAY)
    registry.forget(superseded)
    registry.forget(superseded)
    assert registry.droppable() == {}
    registry.forget(latest)
    assert registry.latest(DAILY) == {}
    assert registry.materialize(DAILY, FIRST_DAY) > latest


def test_forgetting_what_a_release_names_is_refused_as_a_whole(registry: Registry) -> None:
    unnamed = registry.materialize(DAILY, FIRST_DAY)
    named = registry.materialize(DAILY, FIRST_DAY)
    release = registry.publish()
    with pytest.raises(StoreRejected, match="forget materializations"):
        registry.forget(unnamed, named)
    assert registry.droppable() == {DAILY: [unnamed]}
    assert registry.numbers_of(release.release_id) == [named]


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        begin(dead_settings, asset=DAILY, partitions=[FIRST_DAY], dagster_run_id="run")
