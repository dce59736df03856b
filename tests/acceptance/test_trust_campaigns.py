"""A campaign is paused while the stack runs."""

import json
from pathlib import Path

import httpx
import pytest

from mpp_stores.postgres.releases import contents
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.acceptance.flows import reply_of
from tests.pipeline.commands import MPP, run
from tests.pipeline.releases import served
from tests.waiting import wait_until

QUESTION = "/recommendations/user-011"

pytestmark = pytest.mark.usefixtures("publication")


def recommended(reply: dict) -> list[str]:
    return [item["campaign_id"] for item in reply["items"]]


def materializations(settings: StoreSettings, release: Release) -> dict[tuple[str, str], int]:
    named = contents(settings, release.release_id)
    return {(each.asset, each.partition): each.materialization for each in named}


def test_a_paused_campaign_is_published_by_itself_and_recommended_no_more(
    api: httpx.Client, settings: StoreSettings, tmp_path: Path
):
    before = served(settings)
    [paused, *_] = recommended(reply_of(api, QUESTION, before.release_id))
    described = json.loads(settings.campaigns_file.read_text())
    for campaign in described:
        campaign["is_active"] = campaign["campaign_id"] != paused
    file = tmp_path / "campaigns.json"
    file.write_text(json.dumps(described))

    assert paused in run(MPP, "campaigns", str(file))
    wait_until(lambda: served(settings) != before, every=1)

    after = served(settings)
    former, latter = (materializations(settings, release) for release in (before, after))
    assert {asset for asset, _ in dict(latter.items() - former.items())} == {"postgres/campaigns"}
    reply = reply_of(api, QUESTION, after.release_id)
    assert reply["items"]
    assert paused not in recommended(reply)
