"""Query parameters that every list takes."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

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


# RFC 3339. pydantic alone takes numbers and days for times, too.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_in_full(value: object) -> object:
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("write a day, a time and its offset, as in 1999-03-12T08:30:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC it is before year 1 or after year 9999") from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_in_full), AfterValidator(_in_utc)]
"""A time with its offset, as UTC."""
