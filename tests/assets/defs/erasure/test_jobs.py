"""The second half of an erasure, as Dagster runs it."""

import shutil
import uuid

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpp_assets.defs.erasure.jobs import complete_erasure, verify_and_complete
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreUnavailable
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import erasures, tables
from mpp_stores.records import Erasure
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.locks import READ, in_use

RECEIPT = {"verified": True, "remaining": {"mongo/conversations": 0}}


def run(erasure_id: str) -> dg.ExecuteInProcessResult:
    config = {"ops": {verify_and_complete.name: {"config": {"erasure_id": erasure_id}}}}
    return complete_erasure.execute_in_process(
        run_config=config, resources={"platform": Platform()}, raise_on_error=False
    )


def failure(erasure_id: str) -> str:
    """Why it was not completed."""
    [event] = run(erasure_id).get_step_failure_events()
    return str(event.step_failure_data.error.message).strip()


def found(settings: StoreSettings, erasure_id: str) -> Erasure:
    erasure = erasures.find(settings, erasure_id)
    assert erasure is not None
    return erasure


def test_an_erasure_that_was_interrupted_after_its_verification_is_completed(own_pipeline):
    own = own_pipeline
    erasure_id = erasures.request(own, "ada").erasure_id
    erasures.mark_scrubbed(own, erasure_id, {})
    with (
        in_use(own, tables.SCHEMA_NAME, "erasures", mode=READ) as impatient,
        pytest.raises(StoreUnavailable),
    ):
        erasures.complete(impatient, erasure_id, RECEIPT)

    # A second run can have been asked for meanwhile: it finds nothing to do.
    for _ in range(2):
        assert run(erasure_id).success

    completed = found(own, erasure_id)
    assert (completed.state, completed.receipt) == ("completed", RECEIPT)


def test_an_erasure_stays_open_while_anything_of_the_user_is_left(own_pipeline):
    """As of a batch whose file somebody deleted by hand: nothing lands it again."""
    own, lake = own_pipeline, Lake(own_pipeline.lake)
    user = f"ada-{uuid.uuid4().hex}"
    erasure_id = erasures.request(own, user).erasure_id
    erasures.mark_scrubbed(own, erasure_id, {})
    landed = lake.landed("a.json", 1) / "event_day=1999-06-01"
    landed.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": [user]}), landed / "part-0.parquet")
    lake.write_summary(BatchSummary("a.json", 1, "", False, 1, 1, 0, 0, {}, [], []))

    assert failure(erasure_id).endswith("the user is still in lake/landed_events (1)")
    waiting = found(own, erasure_id)
    assert (waiting.state, waiting.user_id) == ("scrubbed", user)

    shutil.rmtree(landed)
    assert run(erasure_id).success
    completed = found(own, erasure_id)
    assert (completed.state, completed.user_id) == ("completed", None)
    assert completed.receipt["verified"]
    assert set(completed.receipt["remaining"].values()) == {0}


def test_an_erasure_is_not_completed_before_its_files_are_scrubbed(own_pipeline):
    erasure_id = erasures.request(own_pipeline, "ada").erasure_id
    assert "is not scrubbed yet" in failure(erasure_id)
    assert found(own_pipeline, erasure_id).state == "requested"
