"""What is advertised, how it performs and for whom."""

from collections.abc import AsyncIterator, Iterator

from mpp_api.campaigns.schemas import (
    AudienceMember,
    AudienceReply,
    CampaignDetails,
    CampaignPerformanceReply,
    CampaignReply,
    CampaignsReply,
    CampaignStatus,
    EngagementLevel,
    SimilarCampaignsReply,
    TrendingCampaignsReply,
)
from mpp_api.client.call import Answer, Call, Pages, get, path
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.feedback.schemas import CampaignFeedbackReply


def _campaigns(
    tag: str | None,
    topic: str | None,
    status: CampaignStatus | None,
    limit: int | None,
    cursor: str,
) -> Call[CampaignsReply]:
    return get(
        "/campaigns",
        CampaignsReply,
        tag=tag,
        topic=topic,
        status=status,
        limit=limit,
        cursor=cursor,
    )


def _every_campaign(
    tag: str | None, topic: str | None, status: CampaignStatus | None, page_size: int | None
) -> Pages[CampaignsReply, CampaignDetails]:
    return Pages(
        lambda cursor: _campaigns(tag, topic, status, page_size, cursor),
        lambda reply: reply.campaigns,
        lambda reply: reply.next_cursor,
    )


def _trending(limit: int | None) -> Call[TrendingCampaignsReply]:
    return get("/campaigns/trending", TrendingCampaignsReply, limit=limit)


def _campaign(campaign_id: str) -> Call[CampaignReply]:
    return get(path("campaigns", campaign_id), CampaignReply)


def _performance(campaign_id: str) -> Call[CampaignPerformanceReply]:
    return get(path("campaigns", campaign_id, "performance"), CampaignPerformanceReply)


def _audience(
    campaign_id: str, level: EngagementLevel | None, limit: int | None, cursor: str
) -> Call[AudienceReply]:
    where = path("campaigns", campaign_id, "audience")
    return get(where, AudienceReply, level=level, limit=limit, cursor=cursor)


def _everybody(
    campaign_id: str, level: EngagementLevel | None, page_size: int | None
) -> Pages[AudienceReply, AudienceMember]:
    return Pages(
        lambda cursor: _audience(campaign_id, level, page_size, cursor),
        lambda reply: reply.users,
        lambda reply: reply.next_cursor,
    )


def _similar(
    campaign_id: str, running_only: bool, limit: int | None
) -> Call[SimilarCampaignsReply]:
    where = path("campaigns", campaign_id, "similar")
    return get(where, SimilarCampaignsReply, running_only=running_only, limit=limit)


def _feedback(campaign_id: str) -> Call[CampaignFeedbackReply]:
    return get(path("campaigns", campaign_id, "feedback"), CampaignFeedbackReply)


class CampaignMethods(Sender):
    def campaigns(
        self,
        *,
        tag: str | None = None,
        topic: str | None = None,
        status: CampaignStatus | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[CampaignsReply]:
        """All that the campaign file describes or that have messages, by id."""
        return self.send(_campaigns(tag, topic, status, limit, cursor))

    def every_campaign(
        self,
        *,
        tag: str | None = None,
        topic: str | None = None,
        status: CampaignStatus | None = None,
        page_size: int | None = None,
    ) -> Iterator[CampaignDetails]:
        """The campaigns of all pages."""
        return self.iterate(_every_campaign(tag, topic, status, page_size))

    def trending_campaigns(self, *, limit: int | None = None) -> Answer[TrendingCampaignsReply]:
        """Running ones that are talked about lately and perform, best first."""
        return self.send(_trending(limit))

    def campaign(self, campaign_id: str) -> Answer[CampaignReply]:
        """Its description, status and figures."""
        return self.send(_campaign(campaign_id))

    def campaign_performance(self, campaign_id: str) -> Answer[CampaignPerformanceReply]:
        """Its figures alone."""
        return self.send(_performance(campaign_id))

    def campaign_audience(
        self,
        campaign_id: str,
        *,
        level: EngagementLevel | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[AudienceReply]:
        """Who engaged with it, best first."""
        return self.send(_audience(campaign_id, level, limit, cursor))

    def everybody_in_audience(
        self,
        campaign_id: str,
        *,
        level: EngagementLevel | None = None,
        page_size: int | None = None,
    ) -> Iterator[AudienceMember]:
        """The users of all pages of an audience."""
        return self.iterate(_everybody(campaign_id, level, page_size))

    def similar_campaigns(
        self, campaign_id: str, *, running_only: bool = True, limit: int | None = None
    ) -> Answer[SimilarCampaignsReply]:
        """Campaigns in which people write about the same, nearest first."""
        return self.send(_similar(campaign_id, running_only, limit))

    def campaign_feedback(self, campaign_id: str) -> Answer[CampaignFeedbackReply]:
        """How often it was recommended, and what came of it."""
        return self.send(_feedback(campaign_id))


class AsyncCampaignMethods(AsyncSender):
    async def campaigns(
        self,
        *,
        tag: str | None = None,
        topic: str | None = None,
        status: CampaignStatus | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[CampaignsReply]:
        """All that the campaign file describes or that have messages, by id."""
        return await self.send(_campaigns(tag, topic, status, limit, cursor))

    def every_campaign(
        self,
        *,
        tag: str | None = None,
        topic: str | None = None,
        status: CampaignStatus | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[CampaignDetails]:
        """The campaigns of all pages."""
        return self.iterate(_every_campaign(tag, topic, status, page_size))

    async def trending_campaigns(
        self, *, limit: int | None = None
    ) -> Answer[TrendingCampaignsReply]:
        """Running ones that are talked about lately and perform, best first."""
        return await self.send(_trending(limit))

    async def campaign(self, campaign_id: str) -> Answer[CampaignReply]:
        """Its description, status and figures."""
        return await self.send(_campaign(campaign_id))

    async def campaign_performance(self, campaign_id: str) -> Answer[CampaignPerformanceReply]:
        """Its figures alone."""
        return await self.send(_performance(campaign_id))

    async def campaign_audience(
        self,
        campaign_id: str,
        *,
        level: EngagementLevel | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[AudienceReply]:
        """Who engaged with it, best first."""
        return await self.send(_audience(campaign_id, level, limit, cursor))

    def everybody_in_audience(
        self,
        campaign_id: str,
        *,
        level: EngagementLevel | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[AudienceMember]:
        """The users of all pages of an audience."""
        return self.iterate(_everybody(campaign_id, level, page_size))

    async def similar_campaigns(
        self, campaign_id: str, *, running_only: bool = True, limit: int | None = None
    ) -> Answer[SimilarCampaignsReply]:
        """Campaigns in which people write about the same, nearest first."""
        return await self.send(_similar(campaign_id, running_only, limit))

    async def campaign_feedback(self, campaign_id: str) -> Answer[CampaignFeedbackReply]:
        """How often it was recommended, and what came of it."""
        return await self.send(_feedback(campaign_id))
