"""The graph as others than Dagster's daemon run it: Airflow, and a Spark cluster.

These tests have stores of their own, without the daemon: nothing happens by itself. Their
files run in the order of their names, over the same stores.
"""

import json
import shutil
from collections.abc import Iterator

import pytest

from mpp_stores.settings import StoreSettings
from tests.orchestration.airflow import AFTER_SEED_DAY, Airflow
from tests.pipeline.commands import MPP, PROJECT_ROOT, run
from tests.pipeline.sample import LATE_DAY, SEED, SEED_DAY, of_days
from tests.stacks import running_stack, without_addresses


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("stack")
    with without_addresses(home), running_stack(home, "--only", "stores") as environment:
        yield environment


@pytest.fixture(scope="package")
def settings(stack: dict[str, str]) -> StoreSettings:
    return StoreSettings()


@pytest.fixture(scope="package")
def airflow(stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    return Airflow(tmp_path_factory.mktemp("airflow"), stack)


@pytest.fixture(scope="package")
def first_run(airflow: Airflow, settings: StoreSettings) -> str:
    """Airflow lands the sample's last days and the seed file, materializes and publishes: the
    log. Nothing has landed or been published before."""
    run(MPP, "campaigns", "data/sample_campaigns.json")
    settings.landing.mkdir(exist_ok=True)
    sample = list(of_days("2026-11-16", LATE_DAY, SEED_DAY))
    (settings.landing / "sample.json").write_text(json.dumps(sample))
    shutil.copy2(PROJECT_ROOT / "data" / SEED, settings.landing)
    done = airflow.test(AFTER_SEED_DAY)
    assert done.returncode == 0, done.stdout
    return done.stdout
