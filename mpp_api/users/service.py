from mpp_api.deadline import within
from mpp_api.errors import UnknownUser
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_api.users.schemas import CampaignEngagement, UserEngagementReply
from mpp_stores.postgres.reader import TableReader


async def user_engagement(
    user_id: str, served: ServedRelease, tables: TableReader, timeout_seconds: float
) -> UserEngagementReply:
    """Raises `UnknownUser` for a user without messages in the release, or erased since."""
    if served.erased.includes(user_id):
        raise UnknownUser(user_id)
    engagement = await within(
        timeout_seconds,
        "postgres",
        "read a user's engagement",
        tables.user_engagement(user_id, materialization=served.contents.user_engagement),
    )
    if not engagement:
        raise UnknownUser(user_id)
    return UserEngagementReply(
        user_id=user_id,
        campaign_count=len(engagement),
        message_count=sum(row.message_count for row in engagement),
        campaigns=[CampaignEngagement.model_validate(row) for row in engagement],
        release=ReleaseReply.of(served),
    )
