"""dagster.yaml, which `mpp up` and the containers share."""

import pytest
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.instance.config import (
    get_default_tick_retention_settings,
    get_tick_retention_settings,
)

from tests.deploy.files import read


@pytest.mark.parametrize("kind", [InstigatorType.SENSOR, InstigatorType.SCHEDULE])
def test_no_decision_of_a_sensor_or_schedule_is_kept_for_ever(kind: InstigatorType) -> None:
    days = get_tick_retention_settings(
        yaml.safe_load(read("dagster.yaml"))["retention"][kind.value.lower()],
        get_default_tick_retention_settings(kind),
    )
    assert days
    assert min(days.values()) > 0
