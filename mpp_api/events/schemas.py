from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS

MOST_EVENTS: Final = 500

EXAMPLE: Final = {
    "message_id": "shop-7f3a",
    "user_id": "u042",
    "campaign": "summer-sale",
    "timestamp": "2026-06-01T09:30:00Z",
    "message": "Is the tent in the sale as well?",
}

# The contract judges each event for itself, so the document demands nothing of the fields:
# what does not comply has an outcome in the reply.
_EVENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A conversation event, as a landed file holds it. Other fields survive as "
    "attributes, unless the contract says otherwise.",
    "properties": {
        "user_id": {
            "description": f"Required; 1 to {MAX_ID_CHARACTERS} characters. "
            "Also: userid, userId, user."
        },
        "message": {
            "description": f"Required; 1 to {MAX_TEXT_CHARACTERS} characters. Also: text, body."
        },
        "timestamp": {
            "description": "Required; ISO 8601 (UTC where it has no offset), or seconds or "
            "milliseconds since 1970. Also: ts, time, sent_at, created_at."
        },
        "campaign": {
            "description": f"Required; 1 to {MAX_ID_CHARACTERS} characters. "
            "Also: campaign_id, campaignId."
        },
        "message_id": {
            "description": "The event's identity: give one where you have one. Else it is derived "
            "from user, time, campaign and text. Also: messageId."
        },
    },
    "example": EXAMPLE,
}


def _as_list(body: Any) -> Any:
    return [body] if isinstance(body, dict) else body


EventRecords = Annotated[
    list[Any],
    Field(min_length=1, max_length=MOST_EVENTS),
    BeforeValidator(_as_list),
    WithJsonSchema(
        {
            "title": "Events",
            "anyOf": [
                _EVENT_SCHEMA,
                {
                    "type": "array",
                    "description": "Events.",
                    "items": {},
                    "minItems": 1,
                    "maxItems": MOST_EVENTS,
                    "example": [EXAMPLE],
                },
            ],
        }
    ),
]
"""What `POST /events` takes: one event, or a list of them."""


class EventOutcomeName(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class EventOutcome(BaseModel):
    position: int = Field(ge=1, description="Of the event in the request, from 1.", examples=[1])
    outcome: EventOutcomeName
    message_id: str | None = Field(
        description="The event's identity, as given or derived. null when it was rejected.",
        examples=["shop-7f3a"],
    )
    reasons: list[str] = Field(
        description="Why it was rejected, in the words of `mpp rejected`.",
        examples=[["timestamp invalid"]],
    )


class EventsReply(BaseModel):
    """What became of each event. Those accepted are on disk, and land with `batch`."""

    batch: str | None = Field(
        description="The batch that will hold the accepted events. null when there is none.",
        examples=["events-20260601T093001000000Z-5b1f09c2.jsonl"],
    )
    accepted: int = Field(ge=0, examples=[1])
    rejected: int = Field(ge=0, examples=[0])
    outcomes: list[EventOutcome] = Field(description="One an event, in the order of the request.")
