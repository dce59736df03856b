"""When what is derived from all days follows, on a graph of two assets."""

from collections.abc import Callable

import dagster as dg
import pytest

from mpp_assets.store_assets import AFTER_UPSTREAM


@dg.asset
def upstream() -> None: ...


@dg.asset(deps=[upstream], automation_condition=AFTER_UPSTREAM)
def derived() -> None: ...


@dg.asset_check(asset=upstream, blocking=True)
def holds() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


DEFINITIONS = dg.Definitions([upstream, derived], asset_checks=[holds])


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def look(instance: dg.DagsterInstance) -> Callable[[], int]:
    """One look of the automation sensor: how many assets it requests."""
    cursor = None

    def evaluate() -> int:
        nonlocal cursor
        result = dg.evaluate_automation_conditions(DEFINITIONS, instance, cursor=cursor)
        cursor = result.cursor
        return result.total_requested

    return evaluate


def update_upstream(instance: dg.DagsterInstance, *, passed: bool) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(upstream.key))
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=upstream.key, check_name="holds", passed=passed)
    )


def test_it_follows_at_the_second_look_and_once(instance, look):
    look()
    update_upstream(instance, passed=True)
    assert [look(), look(), look()] == [0, 1, 0]


def test_it_does_not_follow_what_a_blocking_check_stopped(instance, look):
    look()
    update_upstream(instance, passed=False)
    assert [look(), look(), look()] == [0, 0, 0]


def test_it_does_not_follow_a_run_that_updates_it_as_well(instance, look):
    look()
    update_upstream(instance, passed=True)
    assert look() == 0  # as the run ends
    instance.report_runless_asset_event(dg.AssetMaterialization(derived.key))
    assert [look(), look()] == [0, 0]
