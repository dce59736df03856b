from mpp_api.campaigns.schemas import (
    AudienceReply,
    CampaignPerformanceReply,
    CampaignReply,
    CampaignsReply,
    CampaignStatus,
    EngagementLevel,
    SimilarCampaignsReply,
    TrendingCampaignsReply,
)
from mpp_api.client.call import Call, get, path
from mpp_api.feedback.schemas import CampaignFeedbackReply


def campaigns(
    *,
    tag: str | None = None,
    topic: str | None = None,
    status: CampaignStatus | None = None,
    limit: int | None = None,
    cursor: str = "",
) -> Call[CampaignsReply]:
    """All that the campaign file describes or that have messages, by id."""
    return get(
        "/campaigns",
        CampaignsReply,
        tag=tag,
        topic=topic,
        status=status,
        limit=limit,
        cursor=cursor,
    )


def trending_campaigns(*, limit: int | None = None) -> Call[TrendingCampaignsReply]:
    """Running ones that are talked about lately and perform, best first."""
    return get("/campaigns/trending", TrendingCampaignsReply, limit=limit)


def campaign(campaign_id: str) -> Call[CampaignReply]:
    """Its description, status and figures."""
    return get(path("campaigns", campaign_id), CampaignReply)


def campaign_performance(campaign_id: str) -> Call[CampaignPerformanceReply]:
    """Its figures alone."""
    return get(path("campaigns", campaign_id, "performance"), CampaignPerformanceReply)


def campaign_audience(
    campaign_id: str,
    *,
    level: EngagementLevel | None = None,
    limit: int | None = None,
    cursor: str = "",
) -> Call[AudienceReply]:
    """Who engaged with it, best first."""
    where = path("campaigns", campaign_id, "audience")
    return get(where, AudienceReply, level=level, limit=limit, cursor=cursor)


def similar_campaigns(
    campaign_id: str, *, running_only: bool = True, limit: int | None = None
) -> Call[SimilarCampaignsReply]:
    """Campaigns in which people write about the same, nearest first."""
    where = path("campaigns", campaign_id, "similar")
    return get(where, SimilarCampaignsReply, running_only=running_only, limit=limit)


def campaign_feedback(campaign_id: str) -> Call[CampaignFeedbackReply]:
    """How often it was recommended, and what came of it."""
    return get(path("campaigns", campaign_id, "feedback"), CampaignFeedbackReply)
