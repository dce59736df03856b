"""Small evidence for the parts of the ranking that need no stores."""

from datetime import UTC, date, datetime
from decimal import Decimal

from mpp_api.recommendations.fusion import ScoredCampaign, ScorePart
from mpp_api.recommendations.recency import RecencyDecay
from mpp_stores.records import CampaignPerformance, CoEngagement, EngagedWith, SimilarMessage

LAST_DAY = date(1999, 3, 31)
NOW = datetime(1999, 4, 1, tzinfo=UTC)
"""The end of the last day: nothing is younger."""
DECAY = RecencyDecay(LAST_DAY, half_life_days=10)


def engaged(
    user_id: str, campaign_id: str, message_count: int = 1, last_at: datetime = NOW
) -> EngagedWith:
    return EngagedWith(user_id, campaign_id, message_count, 1, last_at, last_at)


def message(
    campaign_id: str, similarity: float, message_id: str = "m", sent_at: datetime = NOW
) -> SimilarMessage:
    return SimilarMessage(message_id, "peer", campaign_id, "text", sent_at, similarity)


def reached(campaign_id: str, weight: float) -> CoEngagement:
    return CoEngagement(campaign_id, 1, 1, weight, "shared", "peer")


def performing(
    campaign_id: str, score: float, recent_message_count: int = 1
) -> CampaignPerformance:
    return CampaignPerformance(
        campaign_id, 5, 2, 3, 2.5, 0.5, recent_message_count, NOW, NOW, score
    )


def scored(campaign_id: str, score: str) -> ScoredCampaign:
    return ScoredCampaign(campaign_id, (ScorePart("messages", Decimal(1), Decimal(score)),))
