"""The contract of a conversation event: what an input record must hold to be accepted.

Real feeds name the four fields differently and write time in several ways; the
aliases and formats below are all of them that are accepted. Fields that are not
named here survive as `attributes`.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from mpp_stores.records import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS

FIRST_EVENT_DAY = date(2020, 1, 1)
FUTURE_TOLERANCE = timedelta(hours=24)

_INPUT_NAMES = {"campaign_id": "campaign", "text": "message", "sent_at": "timestamp"}
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


def _assume_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _within_range(value: datetime) -> datetime:
    if value.date() < FIRST_EVENT_DAY or value > datetime.now(UTC) + FUTURE_TOLERANCE:
        raise PydanticCustomError("out_of_range", "outside the accepted range of time")
    return value


# No control characters: Postgres text cannot hold NUL, and logs stay one line an id.
Identifier = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_ID_CHARACTERS,
        pattern=r"^[^\x00-\x1f\x7f]*$",
    ),
    Field(coerce_numbers_to_str=True),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT_CHARACTERS),
]
# ISO 8601 with any offset or none (UTC), or seconds or milliseconds since 1970.
Timestamp = Annotated[
    datetime,
    BeforeValidator(_refuse_bool),
    AfterValidator(_assume_utc),
    AfterValidator(_within_range),
]


class ConversationEvent(BaseModel):
    """One accepted input record. `model_extra` holds the fields not named here."""

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


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record was not accepted: one reason a faulty field, such as `timestamp invalid`."""

    reasons: list[str]


def validate(record: Any) -> ConversationEvent | Rejection:
    """Apply the contract to one decoded JSON value."""
    if not isinstance(record, dict):
        return Rejection(["record not an object"])
    present = {name: value for name, value in record.items() if value is not None}
    try:
        return ConversationEvent.model_validate(present)
    except ValidationError as error:
        reasons = {
            f"{_INPUT_NAMES.get(str(fault['loc'][0]), fault['loc'][0])} "
            f"{_FAULTS.get(fault['type'], 'invalid')}"
            for fault in error.errors(include_url=False, include_input=False)
        }
        return Rejection(sorted(reasons))
