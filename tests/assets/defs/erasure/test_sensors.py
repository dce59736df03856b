from datetime import UTC, datetime

import dagster as dg
import pytest

from mpp_assets.defs.erasure.jobs import scrub_user
from mpp_assets.defs.erasure.sensors import ERASURE_TAG, MOST_ATTEMPTS, Step, due, next_steps
from mpp_stores.records import Erasure

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def erasure(scrubbed_at: datetime | None) -> Erasure:
    return Erasure("e-1", "hash", "u-1", "requested", NOW, scrubbed_at, None, {})


def steps(scrubbed_at, *, is_published):
    open_erasures = [erasure(scrubbed_at)]
    return list(next_steps(open_erasures, is_published=lambda _: is_published, release_id="r-1"))


def test_a_requested_erasure_is_scrubbed_whatever_is_published():
    scrub = [Step("scrub_user", "e-1", "scrub-e-1")]
    assert steps(None, is_published=True) == scrub
    assert steps(None, is_published=False) == scrub


def test_a_scrubbed_erasure_waits_for_a_release_without_the_user():
    assert steps(NOW, is_published=False) == []
    assert steps(NOW, is_published=True) == [Step("complete_erasure", "e-1", "complete-e-1-r-1")]


STEP = Step("scrub_user", "e-1", "scrub-e-1")


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    config = {"ops": {"scrub_landed_files": {"config": {"erasure_id": STEP.erasure_id}}}}
    tags = {ERASURE_TAG: STEP.subject}
    instance.create_run_for_job(scrub_user, run_config=config, status=status, tags=tags)


def test_an_interrupted_step_is_taken_again(instance):
    assert list(due(instance, [STEP])) == [(STEP, 0)]
    run(instance, dg.DagsterRunStatus.FAILURE)
    assert list(due(instance, [STEP])) == [(STEP, 1)]


def test_a_step_that_is_under_way_is_left_alone(instance):
    run(instance, dg.DagsterRunStatus.STARTED)
    assert list(due(instance, [STEP])) == []


def test_a_step_that_keeps_failing_is_left_to_people(instance):
    for _ in range(MOST_ATTEMPTS):
        run(instance, dg.DagsterRunStatus.FAILURE)
    assert list(due(instance, [STEP])) == []
