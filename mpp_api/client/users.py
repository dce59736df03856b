"""Who is known, and what they did."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

from mpp_api.client.call import Answer, Call, Pages, get, path
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.feedback.schemas import DismissalsReply
from mpp_api.users.schemas import (
    SimilarUsersReply,
    TimelineMessage,
    TimelineReply,
    UserEngagementReply,
    UserEntry,
    UserProfileReply,
    UsersReply,
)


def _users(prefix: str, limit: int | None, cursor: str) -> Call[UsersReply]:
    return get("/users", UsersReply, prefix=prefix, limit=limit, cursor=cursor)


def _every_user(prefix: str, page_size: int | None) -> Pages[UsersReply, UserEntry]:
    return Pages(
        lambda cursor: _users(prefix, page_size, cursor),
        lambda reply: reply.users,
        lambda reply: reply.next_cursor,
    )


def _profile(user_id: str) -> Call[UserProfileReply]:
    return get(path("users", user_id, "profile"), UserProfileReply)


def _engagement(user_id: str) -> Call[UserEngagementReply]:
    return get(path("users", user_id, "engagement"), UserEngagementReply)


def _timeline(
    user_id: str, before: datetime | None, limit: int | None, cursor: str
) -> Call[TimelineReply]:
    where = path("users", user_id, "timeline")
    return get(where, TimelineReply, before=before, limit=limit, cursor=cursor)


def _every_message(
    user_id: str, before: datetime | None, page_size: int | None
) -> Pages[TimelineReply, TimelineMessage]:
    return Pages(
        lambda cursor: _timeline(user_id, before, page_size, cursor),
        lambda reply: reply.messages,
        lambda reply: reply.next_cursor,
    )


def _similar(user_id: str, limit: int | None) -> Call[SimilarUsersReply]:
    return get(path("users", user_id, "similar"), SimilarUsersReply, limit=limit)


def _dismissals(user_id: str) -> Call[DismissalsReply]:
    return get(path("users", user_id, "dismissals"), DismissalsReply)


class UserMethods(Sender):
    def users(
        self, *, prefix: str = "", limit: int | None = None, cursor: str = ""
    ) -> Answer[UsersReply]:
        """Those whose id begins with `prefix`, by id."""
        return self.send(_users(prefix, limit, cursor))

    def every_user(self, *, prefix: str = "", page_size: int | None = None) -> Iterator[UserEntry]:
        """The users of all pages."""
        return self.iterate(_every_user(prefix, page_size))

    def user_profile(self, user_id: str) -> Answer[UserProfileReply]:
        """A user at a glance."""
        return self.send(_profile(user_id))

    def user_engagement(self, user_id: str) -> Answer[UserEngagementReply]:
        """What a user did in each campaign, best first."""
        return self.send(_engagement(user_id))

    def user_timeline(
        self,
        user_id: str,
        *,
        before: datetime | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[TimelineReply]:
        """What a user wrote, newest first. `before` needs a time zone."""
        return self.send(_timeline(user_id, before, limit, cursor))

    def every_message_of_user(
        self, user_id: str, *, before: datetime | None = None, page_size: int | None = None
    ) -> Iterator[TimelineMessage]:
        """The messages of all pages of a timeline."""
        return self.iterate(_every_message(user_id, before, page_size))

    def similar_users(self, user_id: str, *, limit: int | None = None) -> Answer[SimilarUsersReply]:
        """Users who write about the same, nearest first."""
        return self.send(_similar(user_id, limit))

    def user_dismissals(self, user_id: str) -> Answer[DismissalsReply]:
        """Campaigns that a user does not want to see again, dismissed last first."""
        return self.send(_dismissals(user_id))


class AsyncUserMethods(AsyncSender):
    async def users(
        self, *, prefix: str = "", limit: int | None = None, cursor: str = ""
    ) -> Answer[UsersReply]:
        """Those whose id begins with `prefix`, by id."""
        return await self.send(_users(prefix, limit, cursor))

    def every_user(
        self, *, prefix: str = "", page_size: int | None = None
    ) -> AsyncIterator[UserEntry]:
        """The users of all pages."""
        return self.iterate(_every_user(prefix, page_size))

    async def user_profile(self, user_id: str) -> Answer[UserProfileReply]:
        """A user at a glance."""
        return await self.send(_profile(user_id))

    async def user_engagement(self, user_id: str) -> Answer[UserEngagementReply]:
        """What a user did in each campaign, best first."""
        return await self.send(_engagement(user_id))

    async def user_timeline(
        self,
        user_id: str,
        *,
        before: datetime | None = None,
        limit: int | None = None,
        cursor: str = "",
    ) -> Answer[TimelineReply]:
        """What a user wrote, newest first. `before` needs a time zone."""
        return await self.send(_timeline(user_id, before, limit, cursor))

    def every_message_of_user(
        self, user_id: str, *, before: datetime | None = None, page_size: int | None = None
    ) -> AsyncIterator[TimelineMessage]:
        """The messages of all pages of a timeline."""
        return self.iterate(_every_message(user_id, before, page_size))

    async def similar_users(
        self, user_id: str, *, limit: int | None = None
    ) -> Answer[SimilarUsersReply]:
        """Users who write about the same, nearest first."""
        return await self.send(_similar(user_id, limit))

    async def user_dismissals(self, user_id: str) -> Answer[DismissalsReply]:
        """Campaigns that a user does not want to see again, dismissed last first."""
        return await self.send(_dismissals(user_id))
