"""Judges events as landing does, and keeps those accepted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mpp_api.events.errors import ContractFrozen
from mpp_api.events.schemas import EventOutcome, EventOutcomeName, EventsReply
from mpp_api.events.spooling import EventSpool
from mpp_api.metrics.service import Metrics
from mpp_stores.contract import Contract
from mpp_stores.events import (
    MAX_RECORD_CHARACTERS,
    RECORD_TOO_LONG,
    USER_ERASED,
    ConversationEvent,
    Frozen,
    Rejection,
    users_of,
    validate,
)
from mpp_stores.postgres.erasures import ErasedSubjects


@dataclass(frozen=True, slots=True)
class EventService:
    contract: Contract
    erased: ErasedSubjects
    spool: EventSpool
    metrics: Metrics

    async def keep(self, records: Sequence[Any]) -> EventsReply:
        """Records are kept as they came: landing reads them again, under its own contract.

        Raises `ContractFrozen`, and `StoreUnavailable` when the disk does not take them; no
        event is kept then.
        """
        outcomes = [
            _judge(position, record, self.contract, self.erased)
            for position, record in enumerate(records, start=1)
        ]
        accepted = [
            record
            for record, outcome in zip(records, outcomes, strict=True)
            if outcome.outcome is EventOutcomeName.ACCEPTED
        ]
        batch = await self.spool.keep(accepted) if accepted else None
        rejected = len(records) - len(accepted)
        self.metrics.count_events("accepted", len(accepted))
        self.metrics.count_events("rejected", rejected)
        return EventsReply(
            batch=batch, accepted=len(accepted), rejected=rejected, outcomes=outcomes
        )


def _judge(position: int, record: Any, contract: Contract, erased: ErasedSubjects) -> EventOutcome:
    if any(map(erased.includes, users_of(record))):
        return _rejected(position, [USER_ERASED])
    match validate(record, contract):
        case Frozen(deviation):
            raise ContractFrozen(position, deviation)
        case Rejection(reasons):
            return _rejected(position, reasons)
        case ConversationEvent() as event:
            if len(json.dumps(record)) > MAX_RECORD_CHARACTERS:
                return _rejected(position, [RECORD_TOO_LONG])
            return EventOutcome(
                position=position,
                outcome=EventOutcomeName.ACCEPTED,
                message_id=event.message_id,
                reasons=[],
            )


def _rejected(position: int, reasons: list[str]) -> EventOutcome:
    return EventOutcome(
        position=position, outcome=EventOutcomeName.REJECTED, message_id=None, reasons=reasons
    )
