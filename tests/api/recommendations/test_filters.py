from typing import Any

import pytest

from mpp_api.recommendations.filters import wanted
from mpp_api.recommendations.requests import ListOptions
from mpp_api.releases.catalog import Catalog
from mpp_stores.records import Campaign
from tests.api.recommendations.evidence import scored

SCORED = [scored("boots", "0.9"), scored("tents", "0.6"), scored("lamps", "0.3")]


def described(campaign_id: str, topic: str, *tags: str) -> Campaign:
    return Campaign(campaign_id, campaign_id, topic, "", list(tags), None, None, is_active=True)


# The lamps are not described.
CATALOG = Catalog(
    [described("boots", "footwear", "winter", "rain"), described("tents", "camping", "rain")]
)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, ["tents", "lamps"]),
        ({"exclude_seen": False}, ["boots", "tents", "lamps"]),
        ({"exclude_ids": ["tents", "unheard-of"]}, ["lamps"]),
        ({"include_ids": ["tents", "boots"]}, ["tents"]),
        ({"tags": ["rain"]}, ["tents"]),
        ({"tags": ["winter", "rain"], "exclude_seen": False}, ["boots", "tents"]),
        ({"topic": ["camping", "footwear"], "exclude_seen": False}, ["boots", "tents"]),
        ({"topic": ["camping"], "tags": ["winter"], "exclude_seen": False}, []),
        ({"min_score": 0.6}, ["tents"]),
        ({"min_score": 0.6000001}, []),
    ],
)
def test_every_filter_that_is_given_has_to_hold(options: dict[str, Any], left: list[str]) -> None:
    kept = wanted(SCORED, ListOptions(**options), {"boots"}, CATALOG)
    assert [each.campaign_id for each in kept] == left
