"""Records what users make of recommendations, and counts it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from mpp_api.errors import UnknownCampaign
from mpp_api.feedback.schemas import (
    CampaignFeedbackReply,
    DismissalsReply,
    DismissedCampaign,
    FeedbackOutcome,
    FeedbackOutcomeName,
    FeedbackReply,
    FeedbackRequest,
)
from mpp_api.metrics.service import Metrics
from mpp_api.releases.catalog import Catalog
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.stores import Stores
from mpp_stores.events import USER_ERASED, Timestamp
from mpp_stores.feedback_kind import FeedbackKind
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.records import Dismissal, Feedback

CAMPAIGN_UNKNOWN: Final = "campaign unknown"
OUT_OF_RANGE: Final = "occurred_at out of range"

T = TypeVar("T")

_TIMESTAMP: Final[TypeAdapter[datetime]] = TypeAdapter(Timestamp)


@dataclass(frozen=True, slots=True)
class FeedbackService:
    """`served` is None before the first release: then only what was shown is known."""

    stores: Stores
    legs: Legs
    metrics: Metrics
    served: ServedRelease | None

    async def record(
        self, requests: Sequence[FeedbackRequest], erased: ErasedSubjects
    ) -> FeedbackReply:
        """Raises `StoreUnavailable` when Postgres does not answer: nothing of it counts then, or
        all of it does, and sending it again tells."""
        now = datetime.now(UTC)
        known = await self._known_campaigns({request.campaign_id for request in requests})
        reasons = [_reasons(request, known, erased) for request in requests]
        wanted = [
            _feedback(request, now)
            for request, against in zip(requests, reasons, strict=True)
            if not against
        ]
        is_new = iter(await self._store(wanted))
        outcomes = [
            _outcome(position, against, is_new) for position, against in enumerate(reasons, start=1)
        ]
        for request, outcome in zip(requests, outcomes, strict=True):
            self.metrics.count_feedback(request.kind, outcome.outcome)
        return _reply(outcomes)

    async def dismissals(self, user_id: str, erased: ErasedSubjects) -> DismissalsReply:
        """An erased user has none, although the rows may still be there."""
        found: Sequence[Dismissal] = []
        if not erased.includes(user_id):
            found = await self.legs.required(
                Leg.TABLE,
                "list what a user dismissed",
                lambda: self.stores.feedback.dismissals(user_id),
            )
        catalog = self.served.catalog if self.served else Catalog()
        return DismissalsReply(
            user_id=user_id,
            dismissals=[
                DismissedCampaign(**asdict(each), name=catalog.campaign(each.campaign_id).name)
                for each in found
            ],
        )

    async def undo_dismissal(self, user_id: str, campaign_id: str) -> None:
        await self._write(
            "undo a dismissal",
            lambda: self.stores.feedback.undo_dismissal(user_id, campaign_id),
            {user_id},
        )

    async def counts(self, campaign_id: str) -> CampaignFeedbackReply:
        """Raises `UnknownCampaign`."""
        if not await self._known_campaigns({campaign_id}):
            raise UnknownCampaign(campaign_id)
        counts = await self.legs.required(
            Leg.TABLE,
            "count the feedback on a campaign",
            lambda: self.stores.feedback.counts(campaign_id),
        )
        rate = counts.clicks / counts.impressions if counts.impressions else None
        return CampaignFeedbackReply(
            campaign_id=campaign_id, **asdict(counts), click_through_rate=rate
        )

    async def _known_campaigns(self, campaign_ids: set[str]) -> frozenset[str]:
        contents = self.served.contents if self.served else None
        return await self.legs.required(
            Leg.TABLE,
            "look campaigns up",
            lambda: self.stores.feedback.known_campaigns(
                sorted(campaign_ids),
                campaign_performance=contents.campaign_performance if contents else None,
                campaigns=contents.campaigns if contents else None,
            ),
        )

    async def _store(self, wanted: Sequence[Feedback]) -> list[bool]:
        if not wanted:
            return []
        dismissing = {
            each.user_id
            for each in wanted
            if each.kind is FeedbackKind.DISMISS and each.user_id is not None
        }
        return await self._write(
            "record feedback", lambda: self.stores.feedback.record(wanted), dismissing
        )

    async def _write(self, attempted: str, write: Callable[[], Awaitable[T]], about: Set[str]) -> T:
        """Once it is committed, no reply about these users that was kept before is served: nor
        where the write fails, since its answer may have been lost behind the commit."""

        async def until_settled() -> T:
            try:
                return await write()
            except asyncio.CancelledError:
                # Given up: it may have been committed after the caller was told so.
                await self._end_replies(about)
                raise

        try:
            return await self.legs.required(Leg.TABLE, attempted, until_settled)
        finally:
            await self._end_replies(about)

    async def _end_replies(self, about: Set[str]) -> None:
        for user_id in about:
            await self.stores.cache.invalidate(user_id)


def _reasons(request: FeedbackRequest, known: frozenset[str], erased: ErasedSubjects) -> list[str]:
    reasons = []
    if request.campaign_id not in known:
        reasons.append(CAMPAIGN_UNKNOWN)
    if request.occurred_at is not None and not _is_in_range(request.occurred_at):
        reasons.append(OUT_OF_RANGE)
    if request.user_id is not None and erased.includes(request.user_id):
        reasons.append(USER_ERASED)
    return reasons


def _is_in_range(moment: datetime) -> bool:
    """As of events."""
    try:
        _TIMESTAMP.validate_python(moment)
    except ValidationError:
        return False
    return True


def _feedback(request: FeedbackRequest, now: datetime) -> Feedback:
    return Feedback(
        request_id=request.request_id,
        user_id=request.user_id,
        campaign_id=request.campaign_id,
        kind=request.kind,
        occurred_at=request.occurred_at or now,
    )


def _outcome(position: int, reasons: list[str], is_new: Iterator[bool]) -> FeedbackOutcome:
    if reasons:
        outcome = FeedbackOutcomeName.REJECTED
    elif next(is_new):
        outcome = FeedbackOutcomeName.RECORDED
    else:
        outcome = FeedbackOutcomeName.REPEATED
    return FeedbackOutcome(position=position, outcome=outcome, reasons=reasons)


def _reply(outcomes: list[FeedbackOutcome]) -> FeedbackReply:
    count = Counter(outcome.outcome for outcome in outcomes)
    return FeedbackReply(
        recorded=count[FeedbackOutcomeName.RECORDED],
        repeated=count[FeedbackOutcomeName.REPEATED],
        rejected=count[FeedbackOutcomeName.REJECTED],
        outcomes=outcomes,
    )
