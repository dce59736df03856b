"""Where a message came from, and which runs brought it into the stores."""

from typing import Final

from mpp_api.messages.errors import UnknownMessage
from mpp_api.messages.schemas import MessageSource, ProvenanceReply
from mpp_api.releases.schemas import MaterializationReply, ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import ConversationDocument, Materialization

LANDED_EVENTS: Final = "lake/landed_events"
"""The asset whose partitions are batches."""


async def provenance(
    message_id: str,
    *,
    served: ServedRelease,
    documents: DocumentReader,
    tables: TableReader,
    legs: Legs,
) -> ProvenanceReply:
    """Raises `UnknownMessage`, also for one of an erased user."""
    found = await legs.required(
        Leg.DOCUMENT,
        "read a message",
        lambda: documents.messages([message_id], materializations=served.contents.documents),
    )
    if not found or served.erased.includes(found[0].user_id):
        raise UnknownMessage(message_id)
    [message] = found
    partitions = ["", message.event_day.isoformat(), message.batch]
    contents = await legs.required(
        Leg.TABLE,
        "read the contents of the release",
        lambda: tables.materializations(served.release.release_id, partitions),
    )
    return ProvenanceReply(
        message_id=message.message_id,
        user_id=message.user_id,
        campaign_id=message.campaign_id,
        text=message.text,
        sent_at=message.sent_at,
        event_day=message.event_day,
        source=MessageSource(batch=message.batch, position=message.position),
        attributes=message.attributes,
        materializations=[
            MaterializationReply.model_validate(each) for each in contents if _holds(each, message)
        ],
        release=ReleaseReply.of(served),
    )


def _holds(materialization: Materialization, message: ConversationDocument) -> bool:
    if materialization.asset == LANDED_EVENTS:
        return materialization.partition == message.batch
    return materialization.partition in {"", message.event_day.isoformat()}
