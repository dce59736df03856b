import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mpp_stores.campaigns import InvalidCampaigns, read_campaigns
from mpp_stores.records import Campaign

BOOTS = {
    "campaign_id": "boots",
    "name": "Boots for all weathers",
    "topic": "outdoors",
    "description": "Two lines:\nboth kept.",
    "tags": ["winter", "footwear"],
    "starts_on": "2026-10-01",
    "ends_on": "2026-12-31",
    "is_active": False,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "campaigns.json"


def write(file: Path, records: Any) -> Path:
    file.write_text(json.dumps(records))
    return file


def test_every_field_is_read(file: Path) -> None:
    assert read_campaigns(write(file, [BOOTS])) == [
        Campaign(
            campaign_id="boots",
            name="Boots for all weathers",
            topic="outdoors",
            description="Two lines:\nboth kept.",
            tags=["winter", "footwear"],
            starts_on=date(2026, 10, 1),
            ends_on=date(2026, 12, 31),
            is_active=False,
        )
    ]


def test_an_id_and_a_name_are_enough_for_a_campaign_that_always_runs(file: Path) -> None:
    [campaign] = read_campaigns(write(file, [{"campaign_id": "tents", "name": "Tents"}]))

    assert campaign == Campaign("tents", "Tents", "", "", [], None, None, is_active=True)
    assert campaign.is_running(date.min)
    assert campaign.is_running(date.max)


def test_campaigns_come_in_order_of_their_ids(file: Path) -> None:
    records = [{"campaign_id": name, "name": name} for name in ("c", "a", "b")]

    assert [campaign.campaign_id for campaign in read_campaigns(write(file, records))] == [
        "a",
        "b",
        "c",
    ]


def test_a_file_that_is_not_there_describes_no_campaign(file: Path) -> None:
    assert read_campaigns(file) == []


def test_both_days_belong_to_the_campaign() -> None:
    campaign = Campaign(
        "boots", "Boots", "", "", [], date(2026, 10, 1), date(2026, 10, 3), is_active=True
    )

    running = [day for day in range(1, 10) if campaign.is_running(date(2026, 10, day))]

    assert running == [1, 2, 3]
    assert not campaign.is_running(date(2026, 9, 30))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"campaign_id": " "}, "campaign_id"),
        ({"campaign_id": "b" * 129}, "campaign_id"),
        ({"campaign_id": "bo\u200bots"}, "campaign_id"),
        ({"name": ""}, "name"),
        ({"name": "Bo\x00ots"}, "name"),
        ({"description": "nul \x00"}, "description"),
        ({"tags": "winter"}, "tags"),
        ({"tags": ["winter", " winter "]}, "tags: names a tag twice"),
        ({"tags": [""]}, "tags"),
        ({"starts_on": "1 October"}, "starts_on"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"starts_on": 1_790_000_000}, "starts_on"),
        ({"ends_on": "2026-09-30"}, "ends on 2026-09-30, before it starts on 2026-10-01"),
        ({"is_active": "yes"}, "is_active"),
        ({"active": True}, "active: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named_with_record_and_field(
    file: Path, change: dict[str, Any], named: str
) -> None:
    records = [{"campaign_id": "tents", "name": "Tents"}, BOOTS | change]

    with pytest.raises(InvalidCampaigns) as refused:
        read_campaigns(write(file, records))

    assert f"{file} is no campaign file: record 2: {named}" in str(refused.value)


def test_a_campaign_that_is_described_twice_is_named_with_both_records(file: Path) -> None:
    with pytest.raises(InvalidCampaigns, match=r"record 2: campaign_id: 'boots' is .* record 1"):
        read_campaigns(write(file, [BOOTS, BOOTS | {"campaign_id": " boots "}]))


def test_the_first_faults_are_named_and_the_others_counted(file: Path) -> None:
    with pytest.raises(InvalidCampaigns, match=r"record 5: name: .*; and 2 more$") as refused:
        read_campaigns(write(file, [{"campaign_id": f"c-{number}"} for number in range(7)]))

    assert "record 6" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"[", b"{}", b"null", b'["boots"]', b"\xff\xfe", b'[{"campaign_id": "\\ud800"}]'],
)
def test_what_is_no_array_of_objects_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(InvalidCampaigns, match="is no campaign file"):
        read_campaigns(file)
