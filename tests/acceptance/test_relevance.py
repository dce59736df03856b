"""The sample is made so that good recommendations exist; are they found?

Six topics have two campaigns. For a user who met only one of them, the other is
what a good recommendation finds.
"""

import tomllib
from collections import defaultdict

import httpx
import pytest

from mpp_local.api_access import KEY_HEADER
from mpp_stores.settings import StoreSettings
from tests.pipeline.commands import PROJECT_ROOT
from tests.pipeline.stored_rows import rows_of

TOPICS = tomllib.loads((PROJECT_ROOT / "data/sample_topics.toml").read_text())["topics"]
CAMPAIGNS_OF_TOPIC = {
    name: {campaign["id"] for campaign in topic["campaigns"]} for name, topic in TOPICS.items()
}
# Messages a user must have written before we expect to know what interests them.
KNOWN_BY = 5

pytestmark = pytest.mark.usefixtures("first_make_up")


def users_with_an_unmet_campaign(settings: StoreSettings) -> dict[str, set[str]]:
    """By user: the campaigns not met yet, of topics of which the user met another."""
    met: dict[str, set[str]] = defaultdict(set)
    messages: dict[str, int] = defaultdict(int)
    for row in rows_of(settings, "postgres/user_engagement"):
        met[row["user_id"]].add(row["campaign_id"])
        messages[row["user_id"]] += row["message_count"]
    wanted = {
        user: {c for of_topic in CAMPAIGNS_OF_TOPIC.values() if of_topic & seen for c in of_topic}
        - seen
        for user, seen in met.items()
        if messages[user] >= KNOWN_BY
    }
    return {user: campaigns for user, campaigns in wanted.items() if campaigns}


def test_the_campaign_a_user_would_want_comes_first_far_more_often_than_by_chance(stack, settings):
    wanted = users_with_an_unmet_campaign(settings)
    hits, by_chance = 0, 0.0
    key = {KEY_HEADER: stack["MPP_API_KEY"]}
    with httpx.Client(base_url=stack["MPP_API_URL"], headers=key, timeout=30) as api:
        for user, campaigns in wanted.items():
            items = api.get(f"/recommendations/{user}", params={"limit": 14}).json()["items"]
            hits += items[0]["campaign_id"] in campaigns
            by_chance += len(campaigns) / len(items)
    assert len(wanted) > 50
    assert hits > 3 * by_chance, f"{hits} of {len(wanted)} users; by chance {by_chance:.0f}"
