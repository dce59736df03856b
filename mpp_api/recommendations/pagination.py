"""Pages of one ordered list, none of which repeats an item of another.

A cursor holds the release, how many items were passed, and a digest of their ids in order:
    base64url(["19990312T061232Z-33644434", 10, "5b0c1f…"])

While the release and the digest fit, the list before the cursor is what the caller has seen.
When they do not (a new release, an erasure, a store that was down for one of the pages),
the cursor is refused rather than continued in another list.
"""

import hashlib
import json
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from mpp_api.paging.errors import ListChanged
from mpp_api.recommendations.fusion import ScoredCampaign

# As many as a list can hold: a caller may make a cursor up.
_Passed = Annotated[int, Field(ge=1, le=sys.maxsize)]
_CURSOR = TypeAdapter(tuple[str, _Passed, str])


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
    release_id: str,
    left_out: Set[str],
) -> Page:
    """The page after `cursor`; the first for an empty one.

    Those `left_out` keep their places in the list that cursors count, so that leaving one
    more out between two pages moves no other.

    Raises `ListChanged` for a cursor of another list.
    """
    remaining = iter(ordered)
    passed = _passed(remaining, cursor, release_id)
    first_rank = 1 + sum(campaign_id not in left_out for campaign_id in passed)
    items: list[ScoredCampaign] = []
    next_cursor = None
    for campaign in remaining:
        if campaign.campaign_id in left_out:
            if len(items) < limit:
                passed.append(campaign.campaign_id)
            continue
        if len(items) == limit:
            next_cursor = _encoded(release_id, passed)
            break
        items.append(campaign)
        passed.append(campaign.campaign_id)
    return Page(items, first_rank, next_cursor)


def _passed(remaining: Iterable[ScoredCampaign], cursor: str, release_id: str) -> list[str]:
    """Takes the ids before the cursor from `remaining`."""
    if not cursor:
        return []
    cursor_release, offset, digest = _decoded(cursor)
    if cursor_release != release_id:
        raise ListChanged
    passed = [campaign.campaign_id for campaign in islice(remaining, offset)]
    if len(passed) != offset or _digest(passed) != digest:
        raise ListChanged
    return passed


def _encoded(release_id: str, passed: Sequence[str]) -> str:
    content = _CURSOR.dump_json((release_id, len(passed), _digest(passed)))
    return urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[str, int, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return _CURSOR.validate_json(urlsafe_b64decode(padded), strict=True)
    except (ValueError, ValidationError) as error:
        raise ListChanged from error


def _digest(campaign_ids: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(campaign_ids).encode()).hexdigest()[:32]
