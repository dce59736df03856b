"""Pages of one ordered list, none of which repeats an item of another.

A cursor holds how many items were passed, and a digest of their ids in order:
    base64url({"list_key": "5b0c1f…", "passed": 10, "digest": "0d9e7a…"})

While the key, which is the release's, and the digest fit, the list before the cursor is what the
caller has seen. When they do not (a new release, an erasure, a store that was down for one of the
pages), the cursor is refused rather than continued in another list.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from pydantic import Field

from mpp_api.paging.cursor import Position
from mpp_api.paging.errors import ListChanged
from mpp_api.recommendations.fusion import ScoredCampaign


class RankedPosition(Position):
    """`passed` is at most what a list can hold: a caller may make a cursor up."""

    passed: Annotated[int, Field(ge=1, le=sys.maxsize)]
    digest: str


@dataclass(frozen=True, slots=True)
class Page:
    """`first_rank` is that of its first item among all that are not left out.
    `next_cursor` is None on the last page."""

    items: Sequence[ScoredCampaign]
    first_rank: int
    next_cursor: str | None


def page_of(
    ordered: Iterable[ScoredCampaign],
    *,
    limit: int,
    cursor: str,
    key: str,
    left_out: Set[str],
) -> Page:
    """The page after `cursor`; the first for an empty one. `key` is the list's (`list_key`).

    Those `left_out` keep their places in the list that cursors count, so that leaving one
    more out between two pages moves no other.

    Raises `ListChanged` for a cursor of another list.
    """
    remaining = iter(ordered)
    passed = _passed(remaining, RankedPosition.read(cursor, key))
    first_rank = 1 + sum(campaign_id not in left_out for campaign_id in passed)
    items: list[ScoredCampaign] = []
    next_cursor = None
    for campaign in remaining:
        if campaign.campaign_id in left_out:
            if len(items) < limit:
                passed.append(campaign.campaign_id)
            continue
        if len(items) == limit:
            position = RankedPosition(list_key=key, passed=len(passed), digest=_digest(passed))
            next_cursor = position.written()
            break
        items.append(campaign)
        passed.append(campaign.campaign_id)
    return Page(items, first_rank, next_cursor)


def _passed(remaining: Iterable[ScoredCampaign], position: RankedPosition | None) -> list[str]:
    """Takes the ids up to the position from `remaining`."""
    if position is None:
        return []
    passed = [campaign.campaign_id for campaign in islice(remaining, position.passed)]
    if len(passed) != position.passed or _digest(passed) != position.digest:
        raise ListChanged
    return passed


def _digest(campaign_ids: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(campaign_ids).encode()).hexdigest()[:32]
