from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, repeat

import pytest

from mpp_local.runs import following
from mpp_local.runs.client import DagsterUnreachable, Run
from mpp_local.runs.events import AssetPlanned, RunEvent, RunStarted
from mpp_local.runs.following import NothingHappens, RunFailed, RunFollower, complete
from tests.local.sensed_dagster import SensedDagster


@pytest.fixture(autouse=True)
def hours_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sleep lasts half a minute, and no time passes in this one."""
    now = [0.0]
    monkeypatch.setattr(following, "monotonic", lambda: now[0])
    monkeypatch.setattr(following, "sleep", lambda _: now.__setitem__(0, now[0] + 30))


class WithoutDaemon(SensedDagster):
    """Its runs stay as they are for a hundred looks at their log, half a minute each."""

    def follow(self, run_id: str) -> Iterator[RunEvent | None]:
        events, *_ = self._logs[run_id]
        yield from events
        for _ in range(100):
            following.sleep(0)
            yield None
        yield from super().follow(run_id)


def follower(
    dagster: SensedDagster,
    is_ours: Callable[[Run], bool] = lambda run: True,
    may_fail: Callable[[Run], bool] = lambda run: False,
) -> RunFollower:
    return RunFollower(dagster, lambda run, changed: None, 0.0, is_ours, may_fail)


def holds_after(looks: int) -> Callable[[], bool]:
    answers = chain(repeat(False, looks), repeat(True))
    return lambda: next(answers)


def test_runs_are_followed_as_they_appear_until_it_holds() -> None:
    dagster = SensedDagster()
    dagster.ticks.extend([lambda: None, lambda: _start(dagster, "land", "refresh")])
    runs = follower(dagster).until(holds_after(1), "a release")
    assert [run.label for run in runs] == ["land", "refresh"]


def test_a_run_of_others_is_not_followed() -> None:
    dagster = SensedDagster()
    _start(dagster, "land", "check")
    runs = follower(dagster, is_ours=lambda run: run.job == "land").until(lambda: True, "x")
    assert [run.label for run in runs] == ["land"]


def test_a_failed_run_ends_the_following_with_its_reason() -> None:
    dagster = SensedDagster()
    dagster.start("refresh", succeeds=False)
    with pytest.raises(RunFailed, match="refresh failed: no"):
        follower(dagster).until(lambda: False, "a release")


def test_a_run_that_may_fail_is_passed_over() -> None:
    dagster = SensedDagster()
    dagster.start("land", succeeds=False)
    assert follower(dagster, may_fail=lambda run: True).until(lambda: True, "x") == []


def test_a_run_that_died_and_that_dagster_repeats_is_waited_for_again() -> None:
    dagster = SensedDagster()
    dagster.start("refresh", succeeds=False, tags={"dagster/will_retry": "true"})
    dagster.ticks.extend([lambda: None, lambda: _start(dagster, "refresh")])
    runs = follower(dagster).until(holds_after(1), "a release")
    assert [run.ended and run.ended.succeeded for run in runs] == [True]


def test_dagster_may_decide_a_moment_later_that_it_repeats_a_run() -> None:
    class Deciding(SensedDagster):
        asked = 0

        def run(self, run_id: str) -> Run:
            self.asked += 1
            tags = {"dagster/will_retry": "true"} if self.asked > 1 else {}
            return replace(super().run(run_id), tags=tags)

    dagster = Deciding()
    dagster.start("refresh", succeeds=False)
    dagster.ticks.extend([lambda: None, lambda: _start(dagster, "refresh")])
    runs = follower(dagster).until(holds_after(1), "a release")
    assert [run.ended and run.ended.succeeded for run in runs] == [True]


def test_when_nothing_happens_the_sensors_are_suspected() -> None:
    with pytest.raises(NothingHappens, match=r"90 s while waiting for a release.*sensors"):
        follower(SensedDagster()).until(lambda: False, "a release")


def test_while_others_have_runs_in_progress_something_happens() -> None:
    dagster = SensedDagster()
    _start(dagster, "check")
    follower(dagster, is_ours=lambda run: False).until(holds_after(100), "a release")
    assert dagster.looks == 101


def test_that_only_others_wait_in_the_queue_is_nothing_that_happens() -> None:
    dagster = SensedDagster()
    dagster.start("check", status="QUEUED")
    with pytest.raises(NothingHappens, match="while waiting for a release"):
        follower(dagster, is_ours=lambda run: False).until(holds_after(100), "a release")


def test_a_run_that_no_daemon_starts_is_given_up() -> None:
    dagster = WithoutDaemon()
    run = dagster.start("check", AssetPlanned("m", "mongo/conversations"), status="QUEUED")
    said = "90 s while waiting for check to begin: the daemon does not start the run"
    with pytest.raises(NothingHappens, match=said):
        complete(dagster, run, lambda run, changed: None)
    with pytest.raises(NothingHappens, match=said):
        follower(dagster).until(lambda: False, "a release")


@pytest.mark.parametrize("status", ["STARTING", "STARTED", "CANCELING"])
def test_a_run_that_another_keeps_in_the_queue_is_waited_for(status: str) -> None:
    dagster = WithoutDaemon()
    run = dagster.start("check", status="QUEUED")
    dagster.start("refresh", status=status)
    state = complete(dagster, run, lambda run, changed: None)
    assert state.ended is not None


def test_a_run_that_began_may_be_silent() -> None:
    dagster = WithoutDaemon()
    run = dagster.start("check", RunStarted(1.0), status="QUEUED")
    state = complete(dagster, run, lambda run, changed: None)
    assert state.ended is not None


def test_whether_a_run_is_only_queued_is_unknown_while_the_web_server_is_away() -> None:
    class Away(WithoutDaemon):
        def runs_in_progress(self) -> list[Run]:
            raise DagsterUnreachable("away")

    dagster = Away()
    run = dagster.start("check", status="QUEUED")
    assert complete(dagster, run, lambda run, changed: None).ended is not None


def test_a_web_server_that_restarts_is_waited_for() -> None:
    dagster = SensedDagster(lambda: None, _unreachable, _unreachable)
    follower(dagster).until(holds_after(2), "a release")
    assert dagster.looks == 3


def test_a_web_server_that_does_not_answer_at_all_is_not_waited_for() -> None:
    with pytest.raises(DagsterUnreachable):
        follower(SensedDagster(_unreachable)).until(lambda: False, "a release")


def test_a_web_server_that_stays_away_is_given_up() -> None:
    dagster = SensedDagster(lambda: _start(dagster, "check"), *[_unreachable] * 4)
    with pytest.raises(DagsterUnreachable):
        follower(dagster, is_ours=lambda run: False).until(lambda: False, "a release")


def test_a_run_that_died_is_complete_when_the_one_in_its_place_is() -> None:
    dagster = SensedDagster()
    tags = {"dagster/will_retry": "true", "dagster/auto_retry_run_id": "run-1"}
    died = dagster.start("refresh", succeeds=False, tags=tags)
    dagster.start("refresh")
    watched: list[str] = []
    state = complete(dagster, died, lambda run, changed: watched.append(run.run_id))
    assert (state.run_id, state.failures()) == ("run-1", [])
    assert watched == ["run-0", "run-1"]


def test_a_run_in_whose_place_none_starts_has_failed() -> None:
    dagster = SensedDagster()
    died = dagster.start("refresh", succeeds=False, tags={"dagster/will_retry": "true"})
    assert complete(dagster, died, lambda run, changed: None).failures()


def _start(dagster: SensedDagster, *jobs: str) -> None:
    for job in jobs:
        dagster.start(job)


def _unreachable() -> None:
    raise DagsterUnreachable("away")
