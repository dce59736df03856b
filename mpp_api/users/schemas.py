from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.releases.schemas import ReleaseReply


class CampaignEngagement(BaseModel):
    """What the user did in one campaign."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: str = Field(examples=["summer-sale"])
    message_count: int = Field(examples=[4])
    active_days: int = Field(description="UTC days with at least one message.", examples=[3])
    first_at: datetime
    last_at: datetime
    engagement_score: float = Field(ge=0, le=1, examples=[0.61])
    engagement_level: str = Field(description="low, medium or high", examples=["medium"])


class UserEngagementReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    campaign_count: int = Field(examples=[1])
    message_count: int = Field(description="Over all campaigns.", examples=[4])
    campaigns: list[CampaignEngagement] = Field(description="Best engagement first.")
    release: ReleaseReply
