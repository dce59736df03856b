from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from mpp_assets.defs.conversations.assets import conversation_events
from mpp_assets.defs.freshness import expected_day, last_day_is_there


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-24T02:59", date(2026, 11, 22)), ("2026-11-24T03:00", date(2026, 11, 23))],
)
def test_a_day_is_expected_from_its_deadline_on(now, expected):
    assert expected_day(datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


def test_the_last_day_is_missed_until_it_is_materialized_whatever_earlier_days_are():
    expected = expected_day(datetime.now(UTC))
    check = last_day_is_there(conversation_events)
    with dg.DagsterInstance.ephemeral() as instance:

        def materialize(days_later: int) -> None:
            day = (expected + timedelta(days=days_later)).isoformat()
            instance.report_runless_asset_event(
                dg.AssetMaterialization(conversation_events.key, partition=day)
            )

        materialize(-1)
        before = check(dg.build_asset_check_context(instance=instance))
        materialize(0)
        materialize(1)  # expected where the deadline passes meanwhile
        after = check(dg.build_asset_check_context(instance=instance))
    assert (before.passed, after.passed) == (False, True)
    assert before.severity == dg.AssetCheckSeverity.WARN
    assert before.metadata["latest"].value == (expected - timedelta(days=1)).isoformat()
