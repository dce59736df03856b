import json
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mpp_stores.campaigns import read_campaigns

DATA = Path(__file__).parents[2] / "data"
ALIASES = {
    "user_id": ("user_id", "userid", "userId"),
    "message": ("message", "text"),
    "timestamp": ("timestamp", "ts"),
    "campaign": ("campaign", "campaign_id", "campaignId"),
    "message_id": ("message_id", "messageId"),
}


@pytest.fixture(scope="module")
def counts() -> dict[str, Any]:
    return json.loads((DATA / "sample_counts.json").read_text())


@pytest.fixture(scope="module")
def records() -> list[Any]:
    return json.loads((DATA / "sample_conversations.json").read_text())


@pytest.fixture(scope="module")
def accepted(records: list[Any]) -> list[dict[str, Any]]:
    events = (_as_event(record) for record in records)
    return [event for event in events if event is not None]


def test_the_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, DATA / "generate_sample.py", "--directory", tmp_path], check=True
    )
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(written) == {
        "sample_conversations.json",
        "sample_counts.json",
        "seed_conversations.json",
    }
    for name, content in written.items():
        assert content == (DATA / name).read_bytes(), name


def test_the_readme_states_every_count(counts: dict[str, Any]) -> None:
    stated = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", (DATA / "README.md").read_text(), re.M)
    expected: dict[str, int] = {}
    for name, count in counts.items():
        expected |= count if isinstance(count, dict) else {name: count}
    assert {name: int(count) for name, count in stated} == expected


def test_the_counts_are_those_of_the_file(
    counts: dict[str, Any], records: list[Any], accepted: list[dict[str, Any]]
) -> None:
    distinct = {_identity(event) for event in accepted}
    assert counts["records"] == len(records)
    assert counts["valid"] == len(accepted)
    assert counts["rejected"] == len(records) - len(accepted)
    assert counts["rejected"] == sum(counts["rejected_by_defect"].values())
    assert counts["events"] == len(distinct)
    assert counts["duplicates"] == len(accepted) - len(distinct)
    assert counts["users"] == len({event["user_id"] for event in accepted})
    assert counts["campaigns"] == len({event["campaign"] for event in accepted})
    assert counts["days"] == len({event["timestamp"].date() for event in accepted})


def test_the_sample_is_as_large_as_promised(counts: dict[str, Any]) -> None:
    assert counts["events"] >= 2_000
    assert counts["users"] >= 200
    assert counts["campaigns"] >= 12
    assert counts["days"] == 30
    assert (DATA / "sample_conversations.json").stat().st_size < 1_500_000


def test_activity_varies_by_hour_and_weekday(accepted: list[dict[str, Any]]) -> None:
    hours = Counter(event["timestamp"].hour for event in accepted)
    assert hours[20] > 5 * hours[3]
    days = Counter(event["timestamp"].date() for event in accepted)
    weekend = [count for day, count in days.items() if day.weekday() >= 5]
    working = [count for day, count in days.items() if day.weekday() < 5]
    assert sum(weekend) / len(weekend) > 1.2 * sum(working) / len(working)


def test_most_users_have_met_few_of_the_campaigns(accepted: list[dict[str, Any]]) -> None:
    met: dict[str, set[str]] = {}
    for event in accepted:
        met.setdefault(event["user_id"], set()).add(event["campaign"])
    sizes = sorted(len(campaigns) for campaigns in met.values())
    assert 2 <= sizes[len(sizes) // 2] <= 4
    assert sizes[-1] <= 7


def test_most_messages_are_distinct(accepted: list[dict[str, Any]]) -> None:
    assert len({event["message"] for event in accepted}) > 0.85 * len(accepted)


def test_an_edited_message_comes_after_the_message_it_replaces(
    accepted: list[dict[str, Any]], counts: dict[str, Any]
) -> None:
    texts: dict[str, list[str]] = {}
    for event in accepted:
        if event["message_id"]:
            texts.setdefault(event["message_id"], []).append(event["message"])
    edited = [versions for versions in texts.values() if len(set(versions)) > 1]
    assert len(edited) == counts["duplicates_by_kind"]["edited"]
    assert all(last == f"{first} (edited)" for first, last in edited)


def test_the_seed_file_holds_eight_lines_of_the_original_four_fields() -> None:
    lines = (DATA / "seed_conversations.json").read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        assert list(json.loads(line)) == ["userid", "message", "timestamp", "campaign"]


def test_every_campaign_of_the_sample_is_described(accepted: list[dict[str, Any]]) -> None:
    described = read_campaigns(DATA / "sample_campaigns.json")
    assert {each.campaign_id for each in described} == {event["campaign"] for event in accepted}
    assert all(each.topic and each.tags and each.description for each in described)


def test_one_campaign_is_paused_one_has_ended_and_the_others_run() -> None:
    after_the_sample = date(2026, 11, 19)
    out = {
        each.campaign_id: each.is_active
        for each in read_campaigns(DATA / "sample_campaigns.json")
        if not each.is_running(after_the_sample)
    }
    assert out == {"work-from-home-upgrade": False, "streaming-family-plan": True}


def _as_event(record: Any) -> dict[str, Any] | None:
    """The record under its usual names with its instant, or None if it must be rejected."""
    if not isinstance(record, dict):
        return None
    event = {
        name: next((record[alias] for alias in aliases if alias in record), None)
        for name, aliases in ALIASES.items()
    }
    for name, longest in (("user_id", 128), ("message", 4_000), ("campaign", 128)):
        text = event[name]
        if not isinstance(text, str) or not text.strip() or len(text) > longest:
            return None
    event["timestamp"] = _instant(event["timestamp"])
    return event if event["timestamp"] else None


def _instant(timestamp: Any) -> datetime | None:
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | str):
        return None
    if re.fullmatch(r"\d+", str(timestamp)):
        number = int(timestamp)
        seconds = number / 1000 if number > 100_000_000_000 else number
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    try:
        parsed = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _identity(event: dict[str, Any]) -> tuple[Any, ...]:
    if event["message_id"]:
        return (event["message_id"],)
    return event["user_id"], event["timestamp"], event["campaign"], event["message"]
