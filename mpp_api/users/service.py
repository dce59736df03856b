"""What the tables of the release say of users."""

from collections import Counter
from collections.abc import Sequence

from mpp_api.errors import UnknownUser
from mpp_api.identifiers import StoredId
from mpp_api.paging.cursor import Position, list_key, read_page
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.users.schemas import (
    CampaignEngagement,
    TopCampaign,
    TopicShare,
    UserEngagementReply,
    UserEntry,
    UserProfileReply,
    UsersReply,
)
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import UserEngagement, UserSummary

TOP_CAMPAIGNS = 5


class UserPosition(Position):
    user_id: StoredId


class Users:
    """What is asked about the users of one release. Those erased since are unknown."""

    def __init__(self, served: ServedRelease, tables: TableReader, legs: Legs) -> None:
        self._served = served
        self._tables = tables
        self._legs = legs

    async def listed(self, prefix: str, limit: int, cursor: str) -> UsersReply:
        """By id. Raises `ListChanged`."""
        key = list_key("users", self._served.release.release_id, prefix=prefix)

        async def read(at: UserPosition | None, most: int) -> Sequence[UserSummary]:
            return await self._legs.required(
                Leg.TABLE,
                "list users",
                lambda: self._tables.users(
                    most,
                    prefix=prefix,
                    after="" if at is None else at.user_id,
                    materialization=self._served.contents.user_engagement,
                ),
            )

        page = await read_page(
            limit,
            UserPosition.read(cursor, key),
            read=read,
            position_of=lambda user: UserPosition(list_key=key, user_id=user.user_id),
            is_served=lambda user: not self._served.erased.includes(user.user_id),
        )
        return UsersReply(
            users=[UserEntry.model_validate(user) for user in page.items],
            next_cursor=page.next_cursor,
            release=ReleaseReply.of(self._served),
        )

    async def engagement(self, user_id: str) -> UserEngagementReply:
        """Raises `UnknownUser` for a user without messages in the release."""
        engagement = await self._engagement(user_id)
        return UserEngagementReply(
            user_id=user_id,
            campaign_count=len(engagement),
            message_count=sum(row.message_count for row in engagement),
            campaigns=[CampaignEngagement.model_validate(row) for row in engagement],
            release=ReleaseReply.of(self._served),
        )

    async def profile(self, user_id: str) -> UserProfileReply:
        """Raises `UnknownUser` for a user without messages in the release."""
        engagement = await self._engagement(user_id)
        return UserProfileReply(
            user_id=user_id,
            message_count=sum(row.message_count for row in engagement),
            campaign_count=len(engagement),
            first_at=min(row.first_at for row in engagement),
            last_at=max(row.last_at for row in engagement),
            engagement_level=CampaignEngagement.model_validate(engagement[0]).engagement_level,
            top_campaigns=[self._top_campaign(row) for row in engagement[:TOP_CAMPAIGNS]],
            topics=self._topics(engagement),
            release=ReleaseReply.of(self._served),
        )

    async def _engagement(self, user_id: str) -> list[UserEngagement]:
        """Best first, and at least one."""
        if self._served.erased.includes(user_id):
            raise UnknownUser(user_id)
        engagement = await self._legs.required(
            Leg.TABLE,
            "read a user's engagement",
            lambda: self._tables.user_engagement(
                user_id, materialization=self._served.contents.user_engagement
            ),
        )
        if not engagement:
            raise UnknownUser(user_id)
        return engagement

    def _top_campaign(self, row: UserEngagement) -> TopCampaign:
        campaign = self._served.catalog.campaign(row.campaign_id)
        return TopCampaign(
            **CampaignEngagement.model_validate(row).model_dump(),
            name=campaign.name,
            topic=campaign.topic,
        )

    def _topics(self, engagement: Sequence[UserEngagement]) -> list[TopicShare]:
        messages: Counter[str] = Counter()
        campaigns: Counter[str] = Counter()
        for row in engagement:
            if topic := self._served.catalog.campaign(row.campaign_id).topic:
                messages[topic] += row.message_count
                campaigns[topic] += 1
        return [
            TopicShare(topic=topic, campaign_count=campaigns[topic], message_count=count)
            for topic, count in sorted(messages.items(), key=lambda item: (-item[1], item[0]))
        ]
