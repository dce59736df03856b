"""Campaigns as the release's campaign file describes them, with their figures.

Both are kept with the release that is served: no store is asked.
"""

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
from mpp_api.recommendations import strategies
from mpp_api.recommendations.recency import RecencyDecay
from mpp_api.recommendations.strategy import Strategy
from mpp_api.recommendations.values import Evidence
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease


class CampaignPosition(Position):
    campaign_id: StoredId


class Campaigns:
    """What is asked about the campaigns of one release."""

    def __init__(self, served: ServedRelease) -> None:
        self._served = served

    def listed(
        self,
        limit: int,
        cursor: str,
        *,
        tag: str | None,
        topic: str | None,
        status: CampaignStatus | None,
    ) -> CampaignsReply:
        """By id. Every filter that is given has to hold. Raises `ListChanged`."""
        key = list_key(
            "campaigns", self._served.release.release_id, tag=tag, topic=topic, status=status
        )
        start = CampaignPosition.read(cursor, key)
        performances = self._served.performances
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

    def trending(self, limit: int) -> TrendingCampaignsReply:
        """Those that run, by what recommendations fall back to."""
        served, today = self._served, _today()
        not_running = served.catalog.not_running(today)
        everything = Evidence(performances=tuple(served.performances.values()))
        ranked = strategies.score(
            Strategy.TRENDING,
            everything.about(lambda campaign_id: campaign_id not in not_running),
            served.ranking,
            RecencyDecay(served.release.data_through, served.ranking.recency_half_life_days),
            seen=frozenset(),
        )
        return TrendingCampaignsReply(
            campaigns=[
                TrendingCampaign(
                    **self._card(each.campaign_id, today).model_dump(),
                    rank=rank,
                    score=float(each.score),
                    figures=CampaignFigures.model_validate(served.performances[each.campaign_id]),
                )
                for rank, each in enumerate(ranked[:limit], start=1)
            ],
            release=ReleaseReply.of(served),
        )

    def one(self, campaign_id: str) -> CampaignReply:
        """Raises `UnknownCampaign` for one without messages that nothing describes."""
        performance = self._served.performances.get(campaign_id)
        if performance is None and not self._served.catalog.describes(campaign_id):
            raise UnknownCampaign(campaign_id)
        details = CampaignDetails.with_figures(
            self._served.catalog.campaign(campaign_id), _today(), performance
        )
        return CampaignReply(**details.model_dump(), release=ReleaseReply.of(self._served))

    def performance(self, campaign_id: str) -> CampaignPerformanceReply:
        """Raises `UnknownCampaign` for a campaign without messages in the release."""
        performance = self._served.performances.get(campaign_id)
        if performance is None:
            raise UnknownCampaign(campaign_id)
        return CampaignPerformanceReply(
            **asdict(performance), release=ReleaseReply.of(self._served)
        )

    def _card(self, campaign_id: str, today: date) -> CampaignCard:
        return CampaignCard.of(self._served.catalog.campaign(campaign_id), today)


def _today() -> date:
    return datetime.now(UTC).date()
