from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.campaigns.schemas import EngagementLevel
from mpp_api.messages.schemas import MessageSource
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.resilience.leg import Leg


class UserEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    user_id: str = Field(examples=["u042"])
    message_count: int = Field(description="Over all campaigns.", examples=[7])
    campaign_count: int = Field(examples=[2])
    first_at: datetime
    last_at: datetime
    engagement_score: float = Field(
        ge=0, le=1, description="In the user's best campaign.", examples=[0.61]
    )


class UsersReply(BaseModel):
    users: list[UserEntry] = Field(description="By user_id.")
    next_cursor: str | None = Field(description="null on the last page.")
    release: ReleaseReply


class CampaignEngagement(BaseModel):
    """What the user did in one campaign."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: str = Field(examples=["summer-sale"])
    message_count: int = Field(examples=[4])
    active_days: int = Field(description="UTC days with at least one message.", examples=[3])
    first_at: datetime
    last_at: datetime
    engagement_score: float = Field(ge=0, le=1, examples=[0.61])
    engagement_level: EngagementLevel


class UserEngagementReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    campaign_count: int = Field(examples=[1])
    message_count: int = Field(description="Over all campaigns.", examples=[4])
    campaigns: list[CampaignEngagement] = Field(description="Best engagement first.")
    release: ReleaseReply


class TopCampaign(CampaignEngagement):
    name: str = Field(description="As in the campaign file, else the id.", examples=["Summer sale"])
    topic: str = Field(examples=["outdoor"])


class TopicShare(BaseModel):
    topic: str = Field(examples=["outdoor"])
    campaign_count: int = Field(examples=[2])
    message_count: int = Field(examples=[7])


class UserProfileReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    message_count: int = Field(description="Over all campaigns.", examples=[7])
    campaign_count: int = Field(examples=[2])
    first_at: datetime
    last_at: datetime
    engagement_level: EngagementLevel = Field(description="In the user's best campaign.")
    top_campaigns: list[TopCampaign] = Field(description="Best engagement first; up to 5.")
    topics: list[TopicShare] = Field(
        description="Of the user's campaigns that the campaign file gives a topic; most messages "
        "first."
    )
    release: ReleaseReply


class TimelineMessage(BaseModel):
    message_id: str = Field(examples=["2aef79af3ee684d9cc1216ba60db814a"])
    campaign_id: str = Field(examples=["summer-sale"])
    text: str = Field(examples=["Is the tent light enough to carry?"])
    sent_at: datetime
    source: MessageSource


class TimelineReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    messages: list[TimelineMessage] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="null on the last page.")
    release: ReleaseReply


class SharedCampaign(BaseModel):
    """A campaign that both users engaged with."""

    campaign_id: str = Field(examples=["summer-sale"])
    message_count: int = Field(description="This user's messages in it.", examples=[4])
    their_message_count: int = Field(description="The similar user's.", examples=[2])


class SimilarUserReply(BaseModel):
    user_id: str = Field(examples=["u007"])
    similarity: float = Field(
        description="Cosine of the two profiles: the means of their messages.", examples=[0.83]
    )
    shared_campaigns: list[SharedCampaign] = Field(description="By campaign_id.")


class SimilarUsersReply(BaseModel):
    user_id: str = Field(examples=["u042"])
    users: list[SimilarUserReply] = Field(description="Most similar first.")
    missing_legs: list[Leg] = Field(description="graph: without it no shared campaigns are known.")
    release: ReleaseReply
