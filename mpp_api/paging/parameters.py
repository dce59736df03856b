"""Query parameters that every list takes."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime

DEFAULT_PAGE = 20
MAX_PAGE = 100
_MAX_CURSOR_CHARACTERS = 2_000

PageLimit = Annotated[
    int, Query(ge=1, le=MAX_PAGE, description="The most items of one page.", examples=[20])
]
PageCursor = Annotated[
    str,
    Query(
        max_length=_MAX_CURSOR_CHARACTERS,
        description="`next_cursor` of the page before, for the same list; empty for the first.",
    ),
]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC it is before year 1 or after year 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its offset, as UTC."""
