"""What changes something: events, feedback, erasures."""

from collections.abc import Mapping, Sequence
from typing import Any

from mpp_api.client.call import Call, get, path, post
from mpp_api.erasures.schemas import ErasureReply
from mpp_api.events.schemas import EventsReply
from mpp_api.feedback.schemas import FeedbackReply, FeedbackRequest


def send_events(events: Sequence[Mapping[str, Any]]) -> Call[EventsReply]:
    """At most 500 conversation events. Each is accepted or rejected for itself: look at
    `rejected`. Needs a key that may write."""
    return post("/events", EventsReply, events)


def send_feedback(feedback: Sequence[FeedbackRequest]) -> Call[FeedbackReply]:
    """At most 500, each naming the `request_id` of the answer it is about. Needs a key that may
    write."""
    sent = [each.model_dump(mode="json", exclude_none=True) for each in feedback]
    return post("/feedback", FeedbackReply, sent)


def undo_dismissal(user_id: str, campaign_id: str) -> Call[None]:
    """The campaign can be recommended to the user again."""
    parameters = {"user_id": user_id, "campaign_id": campaign_id}
    return Call("DELETE", "/feedback/dismissals", _nothing, parameters)


def erase_user(user_id: str) -> Call[ErasureReply]:
    """Forget a user: from this answer on nothing of them is served. Needs an admin's key."""
    return post("/erasures", ErasureReply, {"user_id": user_id})


def erasure(erasure_id: str) -> Call[ErasureReply]:
    """How far an erasure got."""
    return get(path("erasures", erasure_id), ErasureReply)


def _nothing(content: bytes) -> None:
    if content:
        raise ValueError("the body is not empty")
