from datetime import datetime

from mpp_api.client.call import Call, get, path
from mpp_api.users.schemas import (
    SimilarUsersReply,
    TimelineReply,
    UserEngagementReply,
    UserProfileReply,
    UsersReply,
)


def users(*, prefix: str = "", limit: int | None = None, cursor: str = "") -> Call[UsersReply]:
    """Those whose id begins with `prefix`, by id."""
    return get("/users", UsersReply, prefix=prefix, limit=limit, cursor=cursor)


def user_profile(user_id: str) -> Call[UserProfileReply]:
    """A user at a glance."""
    return get(path("users", user_id, "profile"), UserProfileReply)


def user_engagement(user_id: str) -> Call[UserEngagementReply]:
    """What a user did in each campaign, best first."""
    return get(path("users", user_id, "engagement"), UserEngagementReply)


def user_timeline(
    user_id: str, *, before: datetime | None = None, limit: int | None = None, cursor: str = ""
) -> Call[TimelineReply]:
    """What a user wrote, newest first. `before` needs a time zone."""
    where = path("users", user_id, "timeline")
    return get(where, TimelineReply, before=before, limit=limit, cursor=cursor)


def similar_users(user_id: str, *, limit: int | None = None) -> Call[SimilarUsersReply]:
    """Users who write about the same, nearest first."""
    return get(path("users", user_id, "similar"), SimilarUsersReply, limit=limit)
