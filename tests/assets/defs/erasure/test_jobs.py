"""The second half of an erasure, as Dagster runs it."""

import pytest

from mpp_assets.defs.erasure.jobs import complete_erasure, verify_and_complete
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres import erasures, tables
from tests.stores.postgres.locks import READ, in_use

RECEIPT = {"verified": True, "remaining": {"mongo/conversations": 0}}


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
    config = {"ops": {verify_and_complete.name: {"config": {"erasure_id": erasure_id}}}}
    for _ in range(2):
        complete_erasure.execute_in_process(run_config=config, resources={"platform": Platform()})

    completed = erasures.find(own, erasure_id)
    assert completed is not None
    assert (completed.state, completed.receipt) == ("completed", RECEIPT)
