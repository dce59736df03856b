"""What can be asked for, and how it is limited."""

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
    field_validator,
)

from mpp_api.identifiers import StoredId
from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS

DEFAULT_LIMIT = 10
MAX_LIMIT = 50
MAX_BATCH_USERS = 100
MAX_FILTER_VALUES = 100
MAX_SESSION_MESSAGES = 20
MAX_CURSOR_CHARACTERS = 500

Words = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS, pattern=r"\S")]


# A query writes everything as text; JSON has numbers and truth values of its own.
_JSON_TYPES = ConfigDict(strict=True)


def _whole(value: Any) -> Any:
    """To JSON 10.0 is an integer as well."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# RFC 3339. pydantic alone takes numbers and times for days, too.
_FULL_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _day(value: Any) -> Any:
    """Neither a query nor JSON has days of its own."""
    if not isinstance(value, str):
        return value
    if not _FULL_DATE.fullmatch(value):
        raise ValueError("write a day as in 1999-03-12")
    return date.fromisoformat(value)


class ListOptions(BaseModel):
    """How to make the list. None of it changes a campaign's score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, BeforeValidator(_whole)] = Field(
        default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items of a page."
    )
    exclude_seen: bool = Field(
        default=True, description="Leave out campaigns the user already engaged with."
    )
    on: Annotated[date, Strict(), BeforeValidator(_day)] | None = Field(
        default=None,
        description="Take campaigns that run on this UTC day. Left out, or a day that has passed: "
        "today.",
    )
    exclude_ids: list[StoredId] = Field(
        default=[], max_length=MAX_FILTER_VALUES, description="Leave out these campaigns."
    )
    include_ids: list[StoredId] = Field(
        default=[],
        max_length=MAX_FILTER_VALUES,
        description="Take no others than these campaigns; empty: any.",
    )
    tags: list[Words] = Field(
        default=[],
        max_length=MAX_FILTER_VALUES,
        description="Take campaigns that have one of these tags; empty: any.",
        examples=[["winter"]],
    )
    topic: list[Words] = Field(
        default=[],
        max_length=MAX_FILTER_VALUES,
        description="Take campaigns of one of these topics; empty: any.",
        examples=[["outdoors"]],
    )
    min_score: float = Field(
        default=0.0, ge=0, le=1, description="Leave out campaigns that score less."
    )
    diversity: Annotated[
        float | None, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
    ] = Field(
        default=None,
        ge=0,
        le=1,
        description="0 orders by score alone, 1 by difference from what is listed before; "
        "left out: as the release says.",
        examples=[0.3],
    )
    explain: bool = Field(default=True, description="With evidence. Without it a reply costs less.")

    @field_validator("diversity", mode="before")
    @classmethod
    def _is_left_out_rather_than_null(cls, given: Any) -> Any:
        if given is None:
            raise ValueError("Input should be a valid number")
        return given


class PageOptions(ListOptions):
    cursor: str = Field(
        default="",
        max_length=MAX_CURSOR_CHARACTERS,
        description="The `next_cursor` of the page before, asked with the same options; "
        "empty: the first page. No page repeats an item of another.",
    )


class RecommendationRequest(PageOptions):
    """Whatever is known of somebody. Nothing at all is answered with what is trending."""

    model_config = _JSON_TYPES

    user_id: StoredId | None = Field(
        default=None, description="null: an anonymous session.", examples=["u042"]
    )
    text: Text | None = Field(
        default=None,
        description="What the person looks for. For a known user it takes the place of the "
        "profile where messages and topics are searched.",
        examples=["Boots that keep water out"],
    )
    messages: list[Text] = Field(
        default=[],
        max_length=MAX_SESSION_MESSAGES,
        description="What the person wrote lately. `text` counts as one more. Of many long ones "
        "the beginnings are read.",
        examples=[["Is the tent light enough to carry?"]],
    )

    @property
    def texts(self) -> list[str]:
        return [*self.messages, self.text] if self.text is not None else list(self.messages)


class BatchRequest(ListOptions):
    """The same question for many users."""

    model_config = _JSON_TYPES

    user_ids: list[StoredId] = Field(
        min_length=1, max_length=MAX_BATCH_USERS, examples=[["u042", "u007"]]
    )
