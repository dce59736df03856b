"""The campaign file's way into a Postgres of the test's own, as Dagster runs it."""

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from mpp_assets.defs.campaigns.assets import campaigns
from mpp_assets.defs.campaigns.checks import equals_the_file
from mpp_assets.resources import Platform
from mpp_stores.postgres import materializations
from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings
from tests.assets.defs.lone_check import evaluate

BOOTS = {"campaign_id": "boots", "name": "Boots", "tags": ["winter"], "ends_on": "2026-12-31"}
TENTS = {"campaign_id": "tents", "name": "Tents"}


@pytest.fixture
def describe(own_pipeline: StoreSettings) -> Callable[[Any], None]:
    """Writes the campaign file of a pipeline on a database of its own."""
    return lambda records: own_pipeline.campaigns_file.write_text(json.dumps(records))


def execute(*what: Any, **options: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [campaigns, *what], resources={"platform": Platform()}, raise_on_error=False, **options
    )


def stored_rows(result: dg.ExecuteInProcessResult) -> int:
    [materialization] = result.asset_materializations_for_node("postgres__campaigns")
    return materialization.metadata["dagster/row_count"].value


def test_the_file_is_stored_and_equals_what_is_stored(describe):
    describe([BOOTS, TENTS])
    result = execute(equals_the_file)
    assert result.success
    assert stored_rows(result) == 2
    [evaluation] = result.get_asset_check_evaluations()
    assert evaluation.passed


def test_without_a_file_no_campaign_is_described(describe):
    result = execute(equals_the_file)
    assert result.success
    assert stored_rows(result) == 0


def test_a_table_that_says_something_else_is_named(describe):
    describe([BOOTS, TENTS])
    assert execute().success
    describe([BOOTS | {"tags": []}, TENTS])
    evaluation = evaluate(equals_the_file)
    assert not evaluation.passed
    assert evaluation.metadata["offending"].value == {"campaigns": ["boots"]}


def test_a_file_that_was_changed_since_it_was_read_is_published_next(describe, own_database):
    """What was read of it is compared nevertheless, once the file says that again."""
    describe([BOOTS, TENTS])
    with dg.DagsterInstance.ephemeral() as instance:
        assert execute(instance=instance).success
        describe([BOOTS | {"tags": []}, TENTS])
        changed = evaluate(equals_the_file, instance=instance)
        assert (changed.passed, changed.metadata["changed_since"].value) == (True, True)
        describe([BOOTS, TENTS])
        with connect(own_database) as connection:
            connection.execute("DELETE FROM mpp.campaigns WHERE campaign_id = 'boots'")
        spoiled = evaluate(equals_the_file, instance=instance)
        assert spoiled.metadata["offending"].value == {"campaigns": ["boots"]}


def test_a_file_that_is_not_valid_stores_nothing_and_is_not_tried_again(
    describe, own_database: StoreSettings
):
    describe([BOOTS, TENTS | {"ends_on": "soon"}])
    result = execute()
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "record 2: ends_on" in str(failure.step_failure_data.error)
    assert not any(event.is_step_up_for_retry for event in result.all_events)
    assert materializations.latest(own_database, "postgres/campaigns") == {}
