from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mpp_api.campaigns.audience import audience
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
from mpp_api.campaigns.service import Campaigns
from mpp_api.campaigns.similar import similar_campaigns
from mpp_api.dependencies import CampaignId, CurrentLegs, OpenStores
from mpp_api.paging.parameters import DEFAULT_PAGE, PageCursor, PageLimit
from mpp_api.releases.headers import AnnouncedRelease, over_release
from mpp_api.security.access import READ
from mpp_stores.bounds import MAX_ID_CHARACTERS

router = APIRouter(prefix="/campaigns", tags=["campaigns"], dependencies=[READ])

_NOT_FOUND = over_release(HTTPStatus.NOT_FOUND)


async def get_campaigns(served: AnnouncedRelease) -> Campaigns:
    return Campaigns(served)


CurrentCampaigns = Annotated[Campaigns, Depends(get_campaigns)]


@router.get("", summary="All campaigns", responses=over_release(HTTPStatus.CONFLICT))
async def list_campaigns(
    campaigns: CurrentCampaigns,
    *,
    tag: Annotated[str | None, Query(max_length=MAX_ID_CHARACTERS, examples=["summer"])] = None,
    topic: Annotated[str | None, Query(max_length=MAX_ID_CHARACTERS, examples=["outdoor"])] = None,
    status: Annotated[
        CampaignStatus | None, Query(description="On the UTC day of the request.")
    ] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> CampaignsReply:
    """Those that the campaign file describes, and those that have messages."""
    return campaigns.listed(limit, cursor, tag=tag, topic=topic, status=status)


@router.get(
    "/trending",
    summary="What everybody talks about lately, and what performs",
    responses=over_release(),
)
async def list_trending_campaigns(
    campaigns: CurrentCampaigns, limit: PageLimit = DEFAULT_PAGE
) -> TrendingCampaignsReply:
    """Running campaigns. A campaign whose id is `trending` is found in the list of all."""
    return campaigns.trending(limit)


@router.get("/{campaign_id}", summary="One campaign", responses=_NOT_FOUND)
async def read_campaign(campaign_id: CampaignId, campaigns: CurrentCampaigns) -> CampaignReply:
    return campaigns.one(campaign_id)


@router.get("/{campaign_id}/performance", summary="How a campaign performs", responses=_NOT_FOUND)
async def read_campaign_performance(
    campaign_id: CampaignId, campaigns: CurrentCampaigns
) -> CampaignPerformanceReply:
    return campaigns.performance(campaign_id)


@router.get(
    "/{campaign_id}/audience",
    summary="Who engaged with a campaign",
    responses=over_release(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def read_campaign_audience(
    campaign_id: CampaignId,
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
    level: Annotated[
        EngagementLevel | None, Query(description="Only users of this engagement level.")
    ] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> AudienceReply:
    return await audience(
        campaign_id, limit, cursor, level, served=served, tables=stores.tables, legs=legs
    )


@router.get(
    "/{campaign_id}/similar",
    summary="Campaigns in which people write about the same",
    responses=_NOT_FOUND,
)
async def read_similar_campaigns(
    campaign_id: CampaignId,
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
    limit: PageLimit = DEFAULT_PAGE,
    running_only: Annotated[
        bool, Query(description="Leave out campaigns that may not be recommended today.")
    ] = True,
) -> SimilarCampaignsReply:
    return await similar_campaigns(
        campaign_id,
        limit,
        running_only=running_only,
        served=served,
        vectors=stores.vectors,
        legs=legs,
    )
