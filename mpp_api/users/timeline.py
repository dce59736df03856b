"""What a user wrote, newest first, from MongoDB."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime

from mpp_api.errors import UnknownUser
from mpp_api.identifiers import StoredId
from mpp_api.messages.schemas import MessageSource
from mpp_api.paging.cursor import Position, list_key, read_page
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.users.schemas import TimelineMessage, TimelineReply
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.records import ConversationDocument


class TimelinePosition(Position):
    sent_at: AwareDatetime
    message_id: StoredId


async def timeline(
    user_id: str,
    before: datetime | None,
    limit: int,
    cursor: str,
    *,
    served: ServedRelease,
    documents: DocumentReader,
    legs: Legs,
) -> TimelineReply:
    """Raises `UnknownUser` for a user without messages in the release, and `ListChanged`."""
    # `before` is no part of it: beside a cursor it does not count.
    key = list_key("timeline", served.release.release_id, user_id=user_id)
    start = TimelinePosition.read(cursor, key)
    if served.erased.includes(user_id):
        raise UnknownUser(user_id)

    async def read(
        at: TimelinePosition | None, most: int, sent_before: datetime | None = before
    ) -> Sequence[ConversationDocument]:
        return await legs.required(
            Leg.DOCUMENT,
            "read a timeline",
            lambda: documents.timeline(
                user_id,
                most,
                sent_before,
                after=None if at is None else (at.sent_at, at.message_id),
                materializations=served.contents.documents,
            ),
        )

    page = await read_page(
        limit,
        start,
        read=read,
        position_of=lambda message: TimelinePosition(
            list_key=key,
            sent_at=message.sent_at,
            message_id=message.message_id,
        ),
    )
    if not page.items and not await read(None, 1, None):
        raise UnknownUser(user_id)
    return TimelineReply(
        user_id=user_id,
        messages=[
            TimelineMessage(
                message_id=message.message_id,
                campaign_id=message.campaign_id,
                text=message.text,
                sent_at=message.sent_at,
                source=MessageSource(batch=message.batch, position=message.position),
            )
            for message in page.items
        ],
        next_cursor=page.next_cursor,
        release=ReleaseReply.of(served),
    )
