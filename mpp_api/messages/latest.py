"""The newest messages of the release, from MongoDB, one event day after the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import AwareDatetime

from mpp_api.identifiers import StoredId
from mpp_api.messages.schemas import LatestMessage, LatestMessagesReply
from mpp_api.paging.cursor import Position, list_key, read_page
from mpp_api.paging.errors import ListChanged
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.records import ConversationDocument


class LatestPosition(Position):
    """`materialization` is that of the message's event day."""

    materialization: int
    sent_at: AwareDatetime
    message_id: StoredId


class _Held(NamedTuple):
    materialization: int
    message: ConversationDocument


async def latest_messages(
    limit: int, cursor: str, *, served: ServedRelease, documents: DocumentReader, legs: Legs
) -> LatestMessagesReply:
    """Raises `ListChanged`."""
    key = list_key("latest", served.release.release_id)

    async def read(at: LatestPosition | None, most: int) -> Sequence[_Held]:
        found: list[_Held] = []
        for number in _days_from(at, served):
            after = None
            if at is not None and number == at.materialization:
                after = (at.sent_at, at.message_id)
            found += await _of_day(number, most - len(found), after)
            if len(found) == most:
                break
        return found

    async def _of_day(number: int, most: int, after: tuple[datetime, str] | None) -> list[_Held]:
        messages = await legs.required(
            Leg.DOCUMENT,
            "read the latest messages",
            lambda: documents.latest(most, after=after, materialization=number),
        )
        return [_Held(number, message) for message in messages]

    page = await read_page(
        limit,
        LatestPosition.read(cursor, key),
        read=read,
        position_of=lambda held: LatestPosition(
            list_key=key,
            materialization=held.materialization,
            sent_at=held.message.sent_at,
            message_id=held.message.message_id,
        ),
        is_served=lambda held: not served.erased.includes(held.message.user_id),
    )
    return LatestMessagesReply(
        messages=[LatestMessage.of(held.message) for held in page.items],
        next_cursor=page.next_cursor,
        release=ReleaseReply.of(served),
    )


def _days_from(at: LatestPosition | None, served: ServedRelease) -> Sequence[int]:
    """The materializations of the position's event day and of those before, newest first."""
    newest_first = served.contents.documents[::-1]
    if at is None:
        return newest_first
    if at.materialization not in newest_first:
        raise ListChanged
    return newest_first[newest_first.index(at.materialization) :]
