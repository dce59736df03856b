"""What changes something: events, feedback, erasures."""

from collections.abc import Mapping, Sequence
from typing import Any

from mpp_api.client.call import Answer, Call, get, path, post
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.erasures.schemas import ErasureReply
from mpp_api.events.schemas import EventsReply
from mpp_api.feedback.schemas import FeedbackReply, FeedbackRequest


def _events(events: Sequence[Mapping[str, Any]]) -> Call[EventsReply]:
    return post("/events", EventsReply, events)


def _feedback(feedback: Sequence[FeedbackRequest]) -> Call[FeedbackReply]:
    sent = [each.model_dump(mode="json", exclude_none=True) for each in feedback]
    return post("/feedback", FeedbackReply, sent)


def _dismissal(user_id: str, campaign_id: str) -> Call[None]:
    parameters = {"user_id": user_id, "campaign_id": campaign_id}
    return Call("DELETE", "/feedback/dismissals", _nothing, parameters)


def _erasure_of(user_id: str) -> Call[ErasureReply]:
    return post("/erasures", ErasureReply, {"user_id": user_id})


def _erasure(erasure_id: str) -> Call[ErasureReply]:
    return get(path("erasures", erasure_id), ErasureReply)


def _nothing(content: bytes) -> None:
    if content:
        raise ValueError("the body is not empty")


class WritingMethods(Sender):
    def send_events(self, events: Sequence[Mapping[str, Any]]) -> Answer[EventsReply]:
        """At most 500 conversation events. Each is accepted or rejected for itself: look at
        `rejected`. Needs a key that may write."""
        return self.send(_events(events))

    def send_feedback(self, feedback: Sequence[FeedbackRequest]) -> Answer[FeedbackReply]:
        """At most 500, each naming the `request_id` of the answer it is about. Needs a key that
        may write."""
        return self.send(_feedback(feedback))

    def undo_dismissal(self, user_id: str, campaign_id: str) -> Answer[None]:
        """The campaign can be recommended to the user again."""
        return self.send(_dismissal(user_id, campaign_id))

    def erase_user(self, user_id: str) -> Answer[ErasureReply]:
        """Forget a user: from this answer on nothing of them is served. Needs an admin's key."""
        return self.send(_erasure_of(user_id))

    def erasure(self, erasure_id: str) -> Answer[ErasureReply]:
        """How far an erasure got."""
        return self.send(_erasure(erasure_id))


class AsyncWritingMethods(AsyncSender):
    async def send_events(self, events: Sequence[Mapping[str, Any]]) -> Answer[EventsReply]:
        """At most 500 conversation events. Each is accepted or rejected for itself: look at
        `rejected`. Needs a key that may write."""
        return await self.send(_events(events))

    async def send_feedback(self, feedback: Sequence[FeedbackRequest]) -> Answer[FeedbackReply]:
        """At most 500, each naming the `request_id` of the answer it is about. Needs a key that
        may write."""
        return await self.send(_feedback(feedback))

    async def undo_dismissal(self, user_id: str, campaign_id: str) -> Answer[None]:
        """The campaign can be recommended to the user again."""
        return await self.send(_dismissal(user_id, campaign_id))

    async def erase_user(self, user_id: str) -> Answer[ErasureReply]:
        """Forget a user: from this answer on nothing of them is served. Needs an admin's key."""
        return await self.send(_erasure_of(user_id))

    async def erasure(self, erasure_id: str) -> Answer[ErasureReply]:
        """How far an erasure got."""
        return await self.send(_erasure(erasure_id))
