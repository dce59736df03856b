"""Campaigns as the release's campaign file describes them, with their figures from Postgres."""

from dataclasses import asdict
from datetime import UTC, date, datetime

from mpp_api.campaigns.schemas import (
    CampaignCard,
    CampaignDetails,
    CampaignFigures,
    CampaignPerformanceReply,
    CampaignReply,
    CampaignsReply,
    CampaignStatus,
    TrendingCampaign,
    TrendingCampaignsReply,
)
from mpp_api.errors import UnknownCampaign
from mpp_api.identifiers import StoredId
from mpp_api.paging.cursor import Position, list_key
from mpp_api.recommendations import values
from mpp_api.recommendations.fusion import Kind, fuse
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import CampaignPerformance


class CampaignPosition(Position):
    campaign_id: StoredId


class Campaigns:
    """What is asked about the campaigns of one release."""

    def __init__(self, served: ServedRelease, tables: TableReader, legs: Legs) -> None:
        self._served = served
        self._tables = tables
        self._legs = legs

    async def listed(
        self,
        limit: int,
        cursor: str,
        *,
        tag: str | None,
        topic: str | None,
        status: CampaignStatus | None,
    ) -> CampaignsReply:
        """By id. Every filter that is given has to hold. Raises `ListChanged`."""
        key = list_key("campaigns", self._served, tag=tag, topic=topic, status=status)
        start = CampaignPosition.read(cursor, key)
        performances = {each.campaign_id: each for each in await self._performances()}
        today = _today()
        wanted = []
        for campaign_id in sorted(performances.keys() | self._served.catalog.described_ids):
            campaign = self._served.catalog.campaign(campaign_id)
            if start is not None and campaign_id <= start.campaign_id:
                continue
            if tag is not None and tag not in campaign.tags:
                continue
            if topic is not None and topic != campaign.topic:
                continue
            if status is not None and status is not CampaignStatus.of(campaign, today):
                continue
            wanted.append(campaign)
        page = [
            CampaignDetails.with_figures(campaign, today, performances.get(campaign.campaign_id))
            for campaign in wanted[:limit]
        ]
        next_cursor = None
        if len(wanted) > limit:
            last = CampaignPosition(list_key=key, campaign_id=page[-1].campaign_id)
            next_cursor = last.written()
        return CampaignsReply(
            campaigns=page,
            next_cursor=next_cursor,
            release=ReleaseReply.of(self._served),
        )

    async def trending(self, limit: int) -> TrendingCampaignsReply:
        """Those that run, by what recommendations fall back to."""
        today = _today()
        not_running = self._served.catalog.not_running(today)
        running = {
            each.campaign_id: each
            for each in await self._performances()
            if each.campaign_id not in not_running
        }
        weights = self._served.ranking.trending_weights
        recent = values.of_recent_messages(running.values(), frozenset())
        ranked = fuse(
            [
                Kind("recent_messages", weights.recent_messages, recent),
                Kind("performance", weights.performance, values.of_performance(running.values())),
            ]
        )
        return TrendingCampaignsReply(
            campaigns=[
                TrendingCampaign(
                    **self._card(each.campaign_id, today).model_dump(),
                    rank=rank,
                    score=float(each.score),
                    figures=CampaignFigures.model_validate(running[each.campaign_id]),
                )
                for rank, each in enumerate(ranked[:limit], start=1)
            ],
            release=ReleaseReply.of(self._served),
        )

    async def one(self, campaign_id: str) -> CampaignReply:
        """Raises `UnknownCampaign` for one without messages that nothing describes."""
        performance = await self._performance(campaign_id)
        if performance is None and not self._served.catalog.describes(campaign_id):
            raise UnknownCampaign(campaign_id)
        details = CampaignDetails.with_figures(
            self._served.catalog.campaign(campaign_id), _today(), performance
        )
        return CampaignReply(**details.model_dump(), release=ReleaseReply.of(self._served))

    async def performance(self, campaign_id: str) -> CampaignPerformanceReply:
        """Raises `UnknownCampaign` for a campaign without messages in the release."""
        performance = await self._performance(campaign_id)
        if performance is None:
            raise UnknownCampaign(campaign_id)
        return CampaignPerformanceReply(
            **asdict(performance), release=ReleaseReply.of(self._served)
        )

    async def _performance(self, campaign_id: str) -> CampaignPerformance | None:
        return await self._legs.required(
            Leg.TABLE,
            "read a campaign's performance",
            lambda: self._tables.campaign_performance(
                campaign_id, materialization=self._served.contents.campaign_performance
            ),
        )

    async def _performances(self) -> list[CampaignPerformance]:
        return await self._legs.required(
            Leg.TABLE,
            "read the performance of every campaign",
            lambda: self._tables.campaign_performances(
                materialization=self._served.contents.campaign_performance
            ),
        )

    def _card(self, campaign_id: str, today: date) -> CampaignCard:
        return CampaignCard.of(self._served.catalog.campaign(campaign_id), today)


def _today() -> date:
    return datetime.now(UTC).date()
