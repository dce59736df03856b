from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.releases.schemas import ReleaseReply


class CampaignFigures(BaseModel):
    """A campaign's figures over the whole release."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: str = Field(examples=["summer-sale"])
    message_count: int = Field(examples=[180])
    user_count: int = Field(examples=[41])
    active_days: int = Field(description="UTC days with at least one message.", examples=[30])
    messages_per_user: float = Field(examples=[4.39])
    returning_user_share: float = Field(
        description="Users active on two days or more / users.", examples=[0.56]
    )
    recent_message_count: int = Field(
        description="In the 7 days up to the last day of the data.", examples=[37]
    )
    first_at: datetime
    last_at: datetime
    performance_score: float = Field(ge=0, le=1, examples=[0.72])


class CampaignPerformanceReply(CampaignFigures):
    release: ReleaseReply
