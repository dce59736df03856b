import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mpp_local.campaigns.replacement import Changes, NoSuchFile, replace_campaigns
from mpp_local.campaigns.summary import summary
from mpp_stores.campaigns import InvalidCampaigns, read_campaigns

BOOTS = {"campaign_id": "boots", "name": "Boots", "tags": ["winter"], "ends_on": "2026-10-31"}
TENTS = {"campaign_id": "tents", "name": "Tents"}
LAMPS = {"campaign_id": "lamps", "name": "Lamps", "is_active": False}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "home" / "campaigns.json"


def written(tmp_path: Path, *records: dict[str, Any]) -> Path:
    file = tmp_path / "new.json"
    file.write_text(json.dumps(records))
    return file


def test_the_first_file_adds_every_campaign(tmp_path: Path, target: Path) -> None:
    replacement = replace_campaigns(written(tmp_path, TENTS, BOOTS), target)

    assert replacement.changes == Changes(["boots", "tents"], {}, [])
    assert read_campaigns(target) == replacement.campaigns


def test_what_is_added_changed_and_removed_is_told(tmp_path: Path, target: Path) -> None:
    replace_campaigns(written(tmp_path, BOOTS, TENTS), target)

    changed = BOOTS | {"name": "Winter boots", "ends_on": None}
    replacement = replace_campaigns(written(tmp_path, changed, LAMPS), target)

    assert replacement.changes == Changes(["lamps"], {"boots": ["name", "ends_on"]}, ["tents"])
    assert read_campaigns(target) == replacement.campaigns


def test_a_file_that_says_the_same_leaves_the_one_in_place(tmp_path: Path, target: Path) -> None:
    replace_campaigns(written(tmp_path, BOOTS, TENTS), target)
    before = target.stat()

    replacement = replace_campaigns(written(tmp_path, TENTS, BOOTS), target)

    assert not replacement.changes
    after = target.stat()
    # All but the time of the last access, which reading changes. Any other change sets st_ctime.
    for field in ("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns"):
        assert getattr(after, field) == getattr(before, field), field


def test_an_invalid_file_replaces_nothing(tmp_path: Path, target: Path) -> None:
    replace_campaigns(written(tmp_path, BOOTS), target)

    with pytest.raises(InvalidCampaigns, match="record 2: name"):
        replace_campaigns(written(tmp_path, TENTS, {"campaign_id": "lamps"}), target)

    assert [campaign.campaign_id for campaign in read_campaigns(target)] == ["boots"]
    assert [file.name for file in target.parent.iterdir()] == [target.name]


def test_a_spoiled_file_in_place_is_replaced(tmp_path: Path, target: Path) -> None:
    target.parent.mkdir()
    target.write_text("{")

    assert replace_campaigns(written(tmp_path, BOOTS), target).changes.added == ["boots"]
    assert read_campaigns(target)


def test_an_empty_file_describes_no_campaign(tmp_path: Path, target: Path) -> None:
    replace_campaigns(written(tmp_path, BOOTS), target)

    assert replace_campaigns(written(tmp_path), target).changes.removed == ["boots"]
    assert read_campaigns(target) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path, target: Path) -> None:
    with pytest.raises(NoSuchFile, match=r"gone\.json"):
        replace_campaigns(tmp_path / "gone.json", target)


def test_the_summary_says_what_runs_and_what_changed(tmp_path: Path, target: Path) -> None:
    first = replace_campaigns(written(tmp_path, BOOTS, TENTS), target)
    again = replace_campaigns(written(tmp_path, BOOTS, TENTS), target)
    last = replace_campaigns(written(tmp_path, BOOTS | {"tags": []}, LAMPS), target)
    today = date(2026, 11, 1)

    assert list(summary(first, today))[:2] == [
        "2 campaigns, 1 of them running today (2026-11-01, UTC)",
        "2 added: boots, tents",
    ]
    assert list(summary(again, today))[1:] == ["Nothing changed"]
    assert list(summary(last, today))[1:4] == [
        "1 added: lamps",
        "1 changed: boots (tags)",
        "1 removed: tents",
    ]
