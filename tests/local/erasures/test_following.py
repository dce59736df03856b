from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mpp_local.erasures.following import ErasureFollower, ErasureLost
from mpp_local.runs import following
from mpp_local.runs.following import RunFailed
from mpp_stores.records import Erasure
from tests.local.sensed_dagster import SensedDagster

REQUESTED = Erasure(
    erasure_id="e1",
    subject_hash="5d2c",
    user_id="ada",
    state="requested",
    requested_at=datetime(1999, 3, 1, tzinfo=UTC),
    scrubbed_at=None,
    completed_at=None,
    receipt={},
)


class Stored:
    """The one erasure that there is, which runs take from state to state."""

    def __init__(self) -> None:
        self.erasure: Erasure | None = REQUESTED
        self.told: list[str] = []
        self.dagster = SensedDagster()

    def become(self, state: str) -> None:
        self.erasure = replace(REQUESTED, state=state)

    def step(self, job: str, state: str, *, of: str = "e1", succeeds: bool = True) -> None:
        self.dagster.start(
            job,
            tags={"mpp/erasure": f"{job}-{of}"},
            effect=lambda: self.become(state),
            succeeds=succeeds,
        )

    def follow(self) -> Erasure:
        follower = ErasureFollower(
            self.dagster,
            lambda erasure_id: self.erasure,
            lambda run, changed: None,
            lambda erasure: self.told.append(erasure.state),
        )
        return follower.until_completed(REQUESTED)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    monkeypatch.setattr(following, "sleep", lambda _: None)
    return Stored()


def test_each_state_is_told_up_to_the_last(stored: Stored) -> None:
    stored.dagster.ticks.extend(
        [
            lambda: stored.step("scrub_user", "scrubbed"),
            lambda: stored.dagster.start("refresh"),
            lambda: stored.step("complete_erasure", "completed"),
        ]
    )
    assert stored.follow().state == "completed"
    assert stored.told == ["requested", "scrubbed", "completed"]


def test_the_erasure_of_another_user_may_fail(stored: Stored) -> None:
    stored.step("complete_erasure", "requested", of="e2", succeeds=False)
    stored.dagster.ticks.append(lambda: stored.step("complete_erasure", "completed"))
    assert stored.follow().state == "completed"


def test_a_verification_that_fails_ends_the_following(stored: Stored) -> None:
    stored.step("complete_erasure", "scrubbed", succeeds=False)
    with pytest.raises(RunFailed, match="complete_erasure failed: no"):
        stored.follow()


def test_an_erasure_that_postgres_forgot_is_lost(stored: Stored) -> None:
    stored.erasure = None
    with pytest.raises(ErasureLost, match="e1"):
        stored.follow()
