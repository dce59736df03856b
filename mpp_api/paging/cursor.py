"""Pages of an ordered list, each beginning after the last item of the one before (keyset).

A cursor is the position of that item, with the key of the list that it is a position in:
    base64url({"list_key": "5b0c1f…", "user_id": "u042"})
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from mpp_api.paging.errors import ListChanged

Row = TypeVar("Row")


def list_key(noun: str, release_id: str, **inputs: str | None) -> str:
    """The same for all pages of one list of a release and no other: `inputs` choose its items.

    A digest, since a cursor that held long ids would be longer than it may be.
    """
    canonical = json.dumps([noun, release_id, inputs], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


class Position(BaseModel):
    """Subclasses add what a list is ordered by. Whatever a caller makes up is checked for type
    and length, and then is a position like any other."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    list_key: str

    @classmethod
    def read(cls, cursor: str, key: str) -> Self | None:
        """None for an empty cursor. Raises `ListChanged` for one of another list than `key`'s."""
        if not cursor:
            return None
        try:
            content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            position = cls.model_validate_json(content)
        except (ValueError, ValidationError) as error:
            raise ListChanged from error
        if position.list_key != key:
            raise ListChanged
        return position

    def written(self) -> str:
        return urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")


At = TypeVar("At", bound=Position)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`next_cursor` is None on the last page."""

    items: Sequence[Row]
    next_cursor: str | None


async def read_page(
    limit: int,
    start: At | None,
    *,
    read: Callable[[At | None, int], Awaitable[Sequence[Row]]],
    position_of: Callable[[Row], At],
    is_served: Callable[[Row], bool] = lambda _: True,
) -> Page[Row]:
    """The `limit` rows after `start` that may be served.

    `read` gives at most so many rows after a position; fewer are the last ones. It is asked
    again for as many as may not be served, so that a page is full whoever was erased.
    """
    items: list[Row] = []
    at = start
    while len(items) <= limit:
        rows = await read(at, limit + 1)
        items += [row for row in rows if is_served(row)]
        if len(rows) <= limit:
            break
        at = position_of(rows[-1])
    kept = items[:limit]
    more = len(items) > limit
    return Page(kept, position_of(kept[-1]).written() if more else None)
