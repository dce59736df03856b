from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.releases.schemas import ReleaseReply

if TYPE_CHECKING:
    from mpp_stores.records import Campaign, CampaignPerformance, UserEngagement


class CampaignStatus(StrEnum):
    RUNNING = "running"
    UPCOMING = "upcoming"
    ENDED = "ended"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, campaign: "Campaign", on: date) -> Self:
        if not campaign.is_active:
            return cls("inactive")
        if campaign.ends_on is not None and campaign.ends_on < on:
            return cls("ended")
        return cls("running" if campaign.is_running(on) else "upcoming")


class EngagementLevel(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


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


class CampaignCard(BaseModel):
    """What the campaign file says. A campaign that it does not describe is named by its id."""

    campaign_id: str = Field(examples=["summer-sale"])
    name: str = Field(examples=["Summer sale"])
    topic: str = Field(examples=["outdoor"])
    tags: list[str] = Field(examples=[["discount", "summer"]])
    status: CampaignStatus = Field(
        description="On the UTC day of the request. Only running campaigns are recommended."
    )

    @classmethod
    def of(cls, campaign: "Campaign", on: date) -> Self:
        return cls(
            campaign_id=campaign.campaign_id,
            name=campaign.name,
            topic=campaign.topic,
            tags=campaign.tags,
            status=CampaignStatus.of(campaign, on),
        )


class CampaignDetails(CampaignCard):
    description: str = Field(examples=["Tents and boots at summer prices."])
    starts_on: date | None = Field(description="First day; null: it always ran.")
    ends_on: date | None = Field(description="Last day; null: it has no end.")
    figures: CampaignFigures | None = Field(description="null: the release has no message in it.")

    @classmethod
    def with_figures(
        cls, campaign: "Campaign", on: date, performance: "CampaignPerformance | None"
    ) -> Self:
        return cls(
            **CampaignCard.of(campaign, on).model_dump(),
            description=campaign.description,
            starts_on=campaign.starts_on,
            ends_on=campaign.ends_on,
            figures=performance and CampaignFigures.model_validate(performance),
        )


class CampaignReply(CampaignDetails):
    release: ReleaseReply


class CampaignsReply(BaseModel):
    campaigns: list[CampaignDetails] = Field(description="By campaign_id.")
    next_cursor: str | None = Field(description="null on the last page.")
    release: ReleaseReply


class TrendingCampaign(CampaignCard):
    rank: int = Field(ge=1, examples=[1])
    score: float = Field(
        ge=0,
        le=1,
        description="Recent messages, relative to the most, and performance_score, by the "
        "release's weights: what a recommendation without any evidence is ranked by.",
        examples=[0.81],
    )
    figures: CampaignFigures


class TrendingCampaignsReply(BaseModel):
    campaigns: list[TrendingCampaign] = Field(description="Running ones, highest score first.")
    release: ReleaseReply


class AudienceMember(BaseModel):
    """What one user did in the campaign."""

    model_config = ConfigDict(from_attributes=True)

    user_id: str = Field(examples=["u042"])
    message_count: int = Field(examples=[4])
    active_days: int = Field(description="UTC days with at least one message.", examples=[3])
    first_at: datetime
    last_at: datetime
    engagement_score: float = Field(ge=0, le=1, examples=[0.61])
    engagement_level: EngagementLevel


class AudienceReply(BaseModel):
    campaign_id: str = Field(examples=["summer-sale"])
    users_by_level: dict[EngagementLevel, int] = Field(
        description="Of the whole release, whatever the filter; users who are being erased count "
        "until the next one.",
        examples=[{"high": 4, "medium": 12, "low": 25}],
    )
    users: list[AudienceMember] = Field(description="Best engagement first, then by user_id.")
    next_cursor: str | None = Field(description="null on the last page.")
    release: ReleaseReply

    @classmethod
    def of(
        cls,
        campaign_id: str,
        by_level: Mapping[str, int],
        users: Sequence["UserEngagement"],
        next_cursor: str | None,
        release: ReleaseReply,
    ) -> Self:
        return cls(
            campaign_id=campaign_id,
            users_by_level={level: by_level.get(level, 0) for level in EngagementLevel},
            users=[AudienceMember.model_validate(user) for user in users],
            next_cursor=next_cursor,
            release=release,
        )


class SimilarCampaignReply(CampaignCard):
    similarity: float = Field(
        description="Cosine of the two campaigns' profiles: the means of their messages.",
        examples=[0.83],
    )


class SimilarCampaignsReply(BaseModel):
    campaign_id: str = Field(examples=["summer-sale"])
    campaigns: list[SimilarCampaignReply] = Field(description="Most similar first.")
    release: ReleaseReply
