from datetime import UTC, date, datetime

import pytest

from mpp_assets.defs.freshness import expected_day


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-24T02:59", date(2026, 11, 22)), ("2026-11-24T03:00", date(2026, 11, 23))],
)
def test_a_day_is_expected_from_its_deadline_on(now, expected):
    assert expected_day(datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected
