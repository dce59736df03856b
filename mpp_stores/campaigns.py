"""The campaign file: what a marketer says of each campaign. A JSON array of objects:

    {"campaign_id": "city-breaks-under-100", "name": "City breaks under €100",
     "topic": "travel", "description": "Two nights, flight included.",
     "tags": ["weekend", "flights"], "starts_on": "2026-09-01", "ends_on": null,
     "is_active": true}

Only `campaign_id` and `name` must be there. Both days belong to the campaign; without one
it is not bounded on that side. A campaign that has messages and no entry runs, under its
id as its name.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from mpp_stores.bounds import MAX_TEXT_CHARACTERS
from mpp_stores.events import Identifier
from mpp_stores.records import Campaign

MOST_FAULTS_NAMED: Final = 5


def _refuse_controls(value: str) -> str:
    """Postgres text cannot hold NUL, and lists show one line a name."""
    if not value.isprintable():
        raise ValueError("holds characters that are not printable")
    return value


def _refuse_repeated(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise ValueError("names a tag twice")
    return tags


_Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(_refuse_controls),
]
_Name = Annotated[_Line, StringConstraints(min_length=1)]
_Tag = Annotated[_Line, StringConstraints(min_length=1, max_length=64)]
_Prose = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=MAX_TEXT_CHARACTERS)]
_Day = Annotated[date, Strict()]  # else a number counts as seconds since 1970


class _Entry(BaseModel):
    """One record of the file. A field that is not known is refused: it may be misspelled."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: Identifier
    name: _Name
    topic: _Line = ""
    description: _Prose = ""
    tags: Annotated[list[_Tag], AfterValidator(_refuse_repeated)] = []
    starts_on: _Day | None = None
    ends_on: _Day | None = None
    is_active: Annotated[bool, Strict()] = True

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(f"ends on {self.ends_on}, before it starts on {self.starts_on}")
        return self


_ENTRIES: Final = TypeAdapter(list[_Entry])


class InvalidCampaigns(Exception):
    """The file cannot be used. The message names it, and each faulty record and field."""


def read_campaigns(file: Path) -> list[Campaign]:
    """What the file says, by campaign id. A file that is not there describes no campaign.

    Raises:
        InvalidCampaigns: it is not such a file, or describes a campaign twice.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    try:
        entries = _ENTRIES.validate_json(content)
    except ValidationError as error:
        raise _invalid(file, map(_shown, error.errors(include_url=False))) from error
    if repeated := list(_repeated([entry.campaign_id for entry in entries])):
        raise _invalid(file, repeated)
    campaigns = [Campaign(**entry.model_dump()) for entry in entries]
    return sorted(campaigns, key=lambda campaign: campaign.campaign_id)


def _repeated(campaign_ids: Sequence[str]) -> Iterable[str]:
    first: dict[str, int] = {}
    for number, campaign_id in enumerate(campaign_ids, start=1):
        before = first.setdefault(campaign_id, number)
        if before != number:
            yield f"record {number}: campaign_id: {campaign_id!r} is described by record {before}"


def _shown(fault: ErrorDetails) -> str:
    """`record 3: starts_on: Input should be a valid date`; records count from 1."""
    match fault["loc"]:
        case (int(index), *field):
            place = [f"record {index + 1}", *(str(name) for name in field[:1])]
        case _:
            place = []
    return ": ".join([*place, fault["msg"].removeprefix("Value error, ")])


def _invalid(file: Path, faults: Iterable[str]) -> InvalidCampaigns:
    named = list(faults)
    more = len(named) - MOST_FAULTS_NAMED
    lines = named[:MOST_FAULTS_NAMED] + ([f"and {more} more"] if more > 0 else [])
    return InvalidCampaigns(f"{file} is no campaign file: {'; '.join(lines)}")
