import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mpp_api.identifiers import StoredId
from mpp_stores.feedback_kind import FeedbackKind

MOST_FEEDBACK: Final = 500

_WRITTEN_OUT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", re.ASCII)


def _refuse_numbers(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN_OUT.match(value)):
        return value
    raise ValueError("write the time out, as in 2026-06-01T09:31:07Z")


class _OneOrMany:
    """Marks a list that may be sent as its only element."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def listed(body: Any) -> Any:
            return [body] if isinstance(body, dict) else body

        return core_schema.no_info_before_validator_function(listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


class FeedbackRequest(BaseModel):
    """What a user made of one recommended campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request_id: str = Field(
        pattern=r"^[0-9A-Fa-f-]{16,64}$",
        description="X-Request-Id of the reply that recommended the campaign.",
        examples=["0f8fad5bd9cb469fa16570867728950e"],
    )
    user_id: StoredId | None = Field(
        default=None,
        description="Whom the reply was for. Leave it out in an anonymous session.",
        examples=["u042"],
    )
    campaign_id: StoredId = Field(examples=["summer-sale"])
    kind: FeedbackKind = Field(
        description="impression: it was on the screen. dismiss: not to be recommended to this "
        "user again.",
        examples=[FeedbackKind.CLICK],
    )
    occurred_at: Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)] | None = Field(
        default=None, description="Now, where it is left out.", examples=["2026-06-01T09:31:07Z"]
    )


FeedbackRequests = Annotated[
    list[FeedbackRequest], Field(min_length=1, max_length=MOST_FEEDBACK), _OneOrMany()
]
"""What `POST /feedback` takes."""


class FeedbackOutcomeName(StrEnum):
    RECORDED = "recorded"
    REPEATED = "repeated"
    REJECTED = "rejected"


class FeedbackOutcome(BaseModel):
    position: int = Field(ge=1, description="In the request, from 1.", examples=[1])
    outcome: FeedbackOutcomeName = Field(
        description="repeated: the same request, user, campaign and kind was recorded before, "
        "and counts once."
    )
    reasons: list[str] = Field(
        description="Why it was rejected: campaign unknown, user erased, occurred_at out of range.",
        examples=[[]],
    )


class FeedbackReply(BaseModel):
    """What became of each. Nothing is recorded twice, so all of it can be sent again."""

    recorded: int = Field(ge=0, examples=[1])
    repeated: int = Field(ge=0, examples=[0])
    rejected: int = Field(ge=0, examples=[0])
    outcomes: list[FeedbackOutcome] = Field(description="In the order of the request.")


class DismissedCampaign(BaseModel):
    campaign_id: str = Field(examples=["summer-sale"])
    name: str = Field(description="As in the campaign file, else the id.", examples=["Summer sale"])
    dismissed_at: datetime = Field(description="The last time, as the feedback says.")


class DismissalsReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    dismissals: list[DismissedCampaign] = Field(
        description="Newest first. None of a user of whom nothing is known."
    )


class CampaignFeedbackReply(BaseModel):
    """Counts only: who it was is not said. Each counts once a reply and user."""

    campaign_id: str = Field(examples=["summer-sale"])
    exposures: int = Field(ge=0, description="Replies that recommended it.", examples=[210])
    impressions: int = Field(ge=0, examples=[120])
    clicks: int = Field(ge=0, examples=[18])
    dismissals: int = Field(ge=0, examples=[2])
    conversions: int = Field(ge=0, examples=[3])
    click_through_rate: float | None = Field(
        description="clicks / impressions; null before the first impression. Above 1 where "
        "clicks come without their impressions.",
        examples=[0.15],
    )
