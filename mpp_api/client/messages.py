"""What people wrote, and how it came here."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from mpp_api.client.call import Answer, Call, Pages, get, path
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.messages.schemas import (
    LatestMessage,
    LatestMessagesReply,
    MessageSearchReply,
    ProvenanceReply,
)


def _search(
    q: str,
    *,
    campaign_id: str | None,
    user_id: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
) -> Call[MessageSearchReply]:
    return get(
        "/messages/search",
        MessageSearchReply,
        q=q,
        campaign_id=campaign_id,
        user_id=user_id,
        since=since,
        until=until,
        limit=limit,
    )


def _latest(limit: int | None, cursor: str) -> Call[LatestMessagesReply]:
    return get("/messages/latest", LatestMessagesReply, limit=limit, cursor=cursor)


def _every_message(page_size: int | None) -> Pages[LatestMessagesReply, LatestMessage]:
    return Pages(
        lambda cursor: _latest(page_size, cursor),
        lambda reply: reply.messages,
        lambda reply: reply.next_cursor,
    )


def _provenance(message_id: str) -> Call[ProvenanceReply]:
    return get(path("messages", message_id, "provenance"), ProvenanceReply)


class MessageMethods(Sender):
    def search_messages(
        self,
        q: str,
        *,
        campaign_id: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Answer[MessageSearchReply]:
        """Messages near to `q` in meaning, sent from `since` on and before `until`; both need a
        time zone."""
        return self.send(
            _search(
                q,
                campaign_id=campaign_id,
                user_id=user_id,
                since=since,
                until=until,
                limit=limit,
            )
        )

    def latest_messages(
        self, *, limit: int | None = None, cursor: str = ""
    ) -> Answer[LatestMessagesReply]:
        """Newest first."""
        return self.send(_latest(limit, cursor))

    def every_message(self, *, page_size: int | None = None) -> Iterator[LatestMessage]:
        """The messages of all pages, newest first."""
        return self.iterate(_every_message(page_size))

    def message_provenance(self, message_id: str) -> Answer[ProvenanceReply]:
        """Which file it came in, and which runs brought it here."""
        return self.send(_provenance(message_id))


class AsyncMessageMethods(AsyncSender):
    async def search_messages(
        self,
        q: str,
        *,
        campaign_id: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Answer[MessageSearchReply]:
        """Messages near to `q` in meaning, sent from `since` on and before `until`; both need a
        time zone."""
        return await self.send(
            _search(
                q,
                campaign_id=campaign_id,
                user_id=user_id,
                since=since,
                until=until,
                limit=limit,
            )
        )

    async def latest_messages(
        self, *, limit: int | None = None, cursor: str = ""
    ) -> Answer[LatestMessagesReply]:
        """Newest first."""
        return await self.send(_latest(limit, cursor))

    def every_message(self, *, page_size: int | None = None) -> AsyncIterator[LatestMessage]:
        """The messages of all pages, newest first."""
        return self.iterate(_every_message(page_size))

    async def message_provenance(self, message_id: str) -> Answer[ProvenanceReply]:
        """Which file it came in, and which runs brought it here."""
        return await self.send(_provenance(message_id))
