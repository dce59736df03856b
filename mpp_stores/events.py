"""The contract of a conversation event: what an input record must hold to be accepted.

Real feeds name the fields differently and write time in several ways; the aliases and
formats below are all of them that are accepted, unless a stricter `Contract` is given.
Fields that are not named here survive as `attributes`.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS
from mpp_stores.contract import Contract, ContractMode

FIRST_EVENT_DAY = date(2020, 1, 1)
FUTURE_TOLERANCE = timedelta(hours=24)

MAX_RECORD_CHARACTERS = 1_048_576
"""A longer one is not decoded."""

MAX_ATTRIBUTE_DEPTH = 64
"""Containers within each other in an unknown field: BSON documents hold 100 levels."""

RECORD_TOO_LONG: Final = "record too long"
USER_ERASED: Final = "user erased"
"""The reason of a record whose user was erased. Nothing of such a record is kept."""

_MAX_UNKNOWN_FIELD_REASONS = 10
_MAX_NAME_CHARACTERS = 64
_FAULTS = {
    "missing": "missing",
    "string_too_short": "empty",
    "string_too_long": "too long",
    "string_type": "wrong type",
    "datetime_type": "wrong type",
    "out_of_range": "out of range",
}


def _refuse_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("datetime_type", "a timestamp is not true or false")
    return value


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _within_range(value: datetime) -> datetime:
    """Checked before the offset is applied, which fails at either end of the calendar."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    floor = datetime(FIRST_EVENT_DAY.year, FIRST_EVENT_DAY.month, FIRST_EVENT_DAY.day, tzinfo=UTC)
    if not floor <= aware <= datetime.now(UTC) + FUTURE_TOLERANCE:
        raise PydanticCustomError("out_of_range", "outside the accepted range of time")
    return aware.astimezone(UTC)


def _refuse_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    return value


def _refuse_invisible(value: str) -> str:
    """No controls, zero-width or text-direction characters: two ids that look alike would
    differ, Postgres text cannot hold NUL, and logs stay one line an id."""
    if not value.isprintable():
        raise ValueError("holds characters that are not printable")
    return value


_IdText = Annotated[
    str, StringConstraints(strip_whitespace=True), Field(coerce_numbers_to_str=True)
]
Identifier = Annotated[
    _IdText,
    StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS),
    BeforeValidator(_refuse_nan),
    AfterValidator(_refuse_invisible),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARACTERS),
]
# ISO 8601 with any offset or none (UTC), or seconds or milliseconds since 1970.
Timestamp = Annotated[
    datetime,
    BeforeValidator(_refuse_bool),
    BeforeValidator(_stripped),
    AfterValidator(_within_range),
]


class ConversationEvent(BaseModel):
    """One accepted input record. `model_extra` holds the fields not named here.

    The first of the accepted names of a field is the canonical one.
    """

    model_config = ConfigDict(extra="allow", loc_by_alias=False)

    user_id: Identifier = Field(
        validation_alias=AliasChoices("user_id", "userid", "userId", "user")
    )
    text: Text = Field(validation_alias=AliasChoices("message", "text", "body"))
    sent_at: Timestamp = Field(
        validation_alias=AliasChoices("timestamp", "ts", "time", "sent_at", "created_at")
    )
    campaign_id: Identifier = Field(
        validation_alias=AliasChoices("campaign", "campaign_id", "campaignId")
    )
    given_message_id: Identifier | None = Field(
        default=None, validation_alias=AliasChoices("message_id", "messageId")
    )

    @property
    def message_id(self) -> str:
        """The given id, else 32 hexadecimal digits derived from user, time, campaign and text."""
        if self.given_message_id is not None:
            return self.given_message_id
        identity = [self.user_id, self.sent_at.isoformat(), self.campaign_id, self.text]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _accepted_names() -> dict[str, list[str]]:
    """By field of the event, the names it may have in the input; the canonical one first."""
    return {
        field: [str(name) for name in info.validation_alias.choices]
        for field, info in ConversationEvent.model_fields.items()
        if isinstance(info.validation_alias, AliasChoices)
    }


_ACCEPTED_NAMES = _accepted_names()
_CANONICAL_NAMES = {name: names[0] for names in _ACCEPTED_NAMES.values() for name in names}
_ID_TEXT: TypeAdapter[str] = TypeAdapter(_IdText)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record was not accepted: one reason a faulty field, such as `timestamp invalid`."""

    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A record that the whole batch fails for, and what it deviates in."""

    deviation: str


def validate(
    record: Any, contract: Contract | None = None
) -> ConversationEvent | Rejection | Frozen:
    """Apply the contract to one decoded JSON value. Fields that are null count as missing."""
    if not isinstance(record, dict):
        return Rejection(["record not an object"])
    if not all(map(_is_unicode, record)):
        return Rejection(["field name invalid"])
    present = {name: value for name, value in record.items() if value is not None}
    deviations = list(_deviations(present, contract or Contract()))
    for mode, deviation in deviations:
        if mode is ContractMode.FREEZE:
            return Frozen(deviation)
    reasons = {deviation for mode, deviation in deviations if mode is ContractMode.REJECT}
    try:
        event = ConversationEvent.model_validate(present)
    except ValidationError as error:
        reasons |= {
            f"{_ACCEPTED_NAMES[str(fault['loc'][0])][0]} {_FAULTS.get(fault['type'], 'invalid')}"
            for fault in error.errors(include_url=False, include_input=False)
        }
    else:
        if any(map(_is_too_deep, (event.model_extra or {}).values())):
            reasons.add("unknown field too deep")
        if not reasons:
            return event
    return Rejection(sorted(reasons))


def users_of(record: Any) -> set[str]:
    """Whom a record is about, valid or not: what it holds under any accepted name of
    `user_id`, normalised as an accepted id is."""
    users = set()
    for name in _ACCEPTED_NAMES["user_id"] if isinstance(record, dict) else ():
        try:
            users.add(normalised_id(record.get(name)))
        except ValidationError:
            continue
    return users - {""}


def normalised_id(value: Any) -> str:
    """As an accepted record has it: white space around it does not count.

    Raises `ValidationError` for what is neither text nor a number."""
    return _ID_TEXT.validate_python(value)


def _deviations(fields: dict[str, Any], contract: Contract) -> Iterator[tuple[ContractMode, str]]:
    unknown = (name for name in fields if name not in _CANONICAL_NAMES)
    for name in islice(unknown, _MAX_UNKNOWN_FIELD_REASONS):
        yield contract.unknown_fields, f"unknown field {_shown(name)}"
    for name, canonical in _CANONICAL_NAMES.items():
        if name not in fields:
            continue
        if name != canonical:
            yield contract.aliases, f"alias {name} for {canonical}"
        if canonical != "message" and _is_number(fields[name], in_text=canonical == "timestamp"):
            yield contract.data_types, f"{canonical} converted from a number"


def _is_number(value: Any, *, in_text: bool) -> bool:
    if isinstance(value, str) and in_text:
        return _reads_as_number(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reads_as_number(text: str) -> bool:
    """`nan` and the like become no time."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _shown(name: str) -> str:
    shown = name if name.isprintable() else ascii(name)[1:-1]
    return shown[:_MAX_NAME_CHARACTERS]


def _is_unicode(name: str) -> bool:
    """A lone surrogate is valid JSON and no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_ATTRIBUTE_DEPTH + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return False
        level = [
            inner
            for each in containers
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return True
