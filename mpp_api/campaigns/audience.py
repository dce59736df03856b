"""Who engaged with a campaign."""

import asyncio
from collections.abc import Sequence

from mpp_api.campaigns.schemas import AudienceReply, EngagementLevel
from mpp_api.errors import UnknownCampaign
from mpp_api.identifiers import StoredId
from mpp_api.paging.cursor import Position, list_key, read_page
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import UserEngagement


class AudiencePosition(Position):
    engagement_score: float
    user_id: StoredId


async def audience(
    campaign_id: str,
    limit: int,
    cursor: str,
    level: EngagementLevel | None,
    *,
    served: ServedRelease,
    tables: TableReader,
    legs: Legs,
) -> AudienceReply:
    """Its users, best engagement first.

    Raises `UnknownCampaign` for one without messages that nothing describes, and `ListChanged`.
    """
    key = list_key("audience", served.release.release_id, campaign_id=campaign_id, level=level)
    start = AudiencePosition.read(cursor, key)
    materialization = served.contents.user_engagement

    async def read(at: AudiencePosition | None, most: int) -> Sequence[UserEngagement]:
        return await legs.required(
            Leg.TABLE,
            "read the audience of a campaign",
            lambda: tables.audience(
                campaign_id,
                most,
                level=level,
                after=(at.engagement_score, at.user_id) if at is not None else None,
                materialization=materialization,
            ),
        )

    def position_of(row: UserEngagement) -> AudiencePosition:
        return AudiencePosition(
            list_key=key,
            engagement_score=row.engagement_score,
            user_id=row.user_id,
        )

    by_level, page = await asyncio.gather(
        legs.required(
            Leg.TABLE,
            "count the audience of a campaign",
            lambda: tables.audience_by_level(campaign_id, materialization=materialization),
        ),
        read_page(
            limit,
            start,
            read=read,
            position_of=position_of,
            is_served=lambda row: not served.erased.includes(row.user_id),
        ),
    )
    if not by_level and not served.catalog.describes(campaign_id):
        raise UnknownCampaign(campaign_id)
    return AudienceReply.of(
        campaign_id, by_level, page.items, page.next_cursor, ReleaseReply.of(served)
    )
