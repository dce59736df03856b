"""Going back to a release, and no longer keeping one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mpp_stores.errors import StoreRejected
from mpp_stores.records import Release
from tests.stores.postgres.registry import Registry

WITHIN_SECONDS = 60
EVENTS, DAY = "lake/conversation_events", "1999-03-01"


def publish_anew(registry: Registry, times: int) -> list[Release]:
    """Releases each with a materialization of its own."""
    published = []
    for _ in range(times):
        registry.materialize(EVENTS, DAY)
        published.append(registry.publish())
    return published


def kept(registry: Registry) -> list[str]:
    """Published first to last."""
    return [each.release_id for each in reversed(registry.releases()) if each.is_kept]


def test_an_earlier_release_is_served_at_once_with_its_contents(registry: Registry) -> None:
    first, second = publish_anew(registry, 2)
    numbers = registry.numbers_of(first.release_id)
    assert numbers != registry.numbers_of(second.release_id)
    assert registry.rollback(first.release_id) == first
    assert registry.current() == first
    assert registry.numbers_of(first.release_id) == numbers
    assert registry.releases() == [second, first]


def test_every_change_of_what_is_served_is_logged(registry: Registry) -> None:
    first, second = (each.release_id for each in publish_anew(registry, 2))
    registry.rollback(first)
    registry.rollback(second)
    assert registry.served() == [
        (first, "publish"),
        (second, "publish"),
        (first, "rollback"),
        (second, "rollback"),
    ]


def test_the_release_published_after_a_rollback_follows_the_served_one(
    registry: Registry,
) -> None:
    first, _ = publish_anew(registry, 2)
    registry.rollback(first.release_id)
    [third] = publish_anew(registry, 1)
    assert registry.current() == third
    assert third.predecessor == first.release_id
    assert registry.numbers_of(third.release_id) == [*registry.latest_numbers(EVENTS).values()]


def test_a_run_that_repeats_its_publishing_does_not_undo_a_rollback(registry: Registry) -> None:
    [first] = publish_anew(registry, 1)
    second = registry.publish("the-later-run")
    registry.rollback(first.release_id)
    assert registry.publish("the-later-run") == second
    assert registry.current() == first


def test_going_back_before_anything_was_published_is_refused(registry: Registry) -> None:
    with pytest.raises(StoreRejected, match="nothing was published yet"):
        registry.rollback("20261124T052300Z-1f0c2a9b")


def test_going_back_to_an_unknown_release_is_refused_and_changes_nothing(
    registry: Registry,
) -> None:
    [only] = publish_anew(registry, 1)
    with pytest.raises(StoreRejected, match="'r0': there is no such release"):
        registry.rollback("r0")
    assert registry.served() == [(only.release_id, "publish")]


def test_going_back_to_a_release_that_is_not_kept_is_refused_and_changes_nothing(
    registry: Registry,
) -> None:
    first, second = publish_anew(registry, 2)
    registry.retire(keep=1)
    with pytest.raises(StoreRejected, match="its rows are no longer kept"):
        registry.rollback(first.release_id)
    assert registry.current() == second


def test_the_releases_published_last_are_kept(registry: Registry) -> None:
    first, second, third, fourth = (each.release_id for each in publish_anew(registry, 4))
    assert sorted(registry.retire(keep=2)) == sorted([first, second])
    assert kept(registry) == [third, fourth]
    assert registry.retire(keep=2) == []
    assert registry.retire(keep=100) == []
    assert kept(registry) == [third, fourth]


def test_a_release_that_is_not_kept_holds_nothing_but_stays_listed(registry: Registry) -> None:
    first, second = publish_anew(registry, 2)
    registry.retire(keep=1)
    assert registry.contents(first.release_id) == []
    assert len(registry.contents(second.release_id)) == 1
    assert [each.release_id for each in registry.releases()] == [
        second.release_id,
        first.release_id,
    ]


def test_keeping_none_keeps_the_served_one(registry: Registry) -> None:
    first, second = publish_anew(registry, 2)
    assert registry.retire(keep=0) == [first.release_id]
    assert kept(registry) == [second.release_id]
    assert len(registry.contents(second.release_id)) == 1


def test_publishing_retires_in_the_same_step(registry: Registry) -> None:
    publish_anew(registry, 2)
    third = registry.publish("a-run", keep=0)
    assert kept(registry) == [third.release_id]
    assert registry.publish("a-run", keep=3) == third
    assert kept(registry) == [third.release_id]


@pytest.mark.parametrize("keep", [0, 1])
def test_the_release_served_after_a_rollback_is_kept(registry: Registry, keep: int) -> None:
    first, second, third = publish_anew(registry, 3)
    registry.rollback(first.release_id)
    registry.retire(keep=keep)
    last_published = [third.release_id][:keep]
    assert kept(registry) == [first.release_id, *last_published]
    assert registry.current() == first
    assert len(registry.contents(first.release_id)) == 1
    assert registry.contents(second.release_id) == []


def test_retiring_before_anything_was_published_retires_nothing(registry: Registry) -> None:
    assert registry.retire(keep=0) == []
    registry.materialize(EVENTS, DAY)
    assert registry.retire(keep=0) == []


def test_whatever_is_served_is_kept_when_going_back_and_retiring_at_once(
    registry: Registry,
) -> None:
    first, _ = publish_anew(registry, 2)
    with ThreadPoolExecutor(2) as threads:
        going_back = threads.submit(registry.rollback, first.release_id)
        threads.submit(registry.retire, keep=0).result(WITHIN_SECONDS)
    refused = going_back.exception(WITHIN_SECONDS)
    served = registry.current()
    assert served is not None
    assert served.is_kept
    assert len(registry.contents(served.release_id)) == 1
    assert (served.release_id == first.release_id) == (refused is None)
