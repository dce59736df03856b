from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mpp_api.dependencies import CurrentLegs, OpenStores, UserId
from mpp_api.paging.parameters import DEFAULT_PAGE, Moment, PageCursor, PageLimit
from mpp_api.releases.headers import AnnouncedRelease, over_release
from mpp_api.security.access import READ
from mpp_api.users.schemas import (
    SimilarUsersReply,
    TimelineReply,
    UserEngagementReply,
    UserProfileReply,
    UsersReply,
)
from mpp_api.users.service import Users
from mpp_api.users.similar import similar_users
from mpp_api.users.timeline import timeline
from mpp_stores.bounds import MAX_ID_CHARACTERS

router = APIRouter(prefix="/users", tags=["users"], dependencies=[READ])

_NOT_FOUND = over_release(HTTPStatus.NOT_FOUND)


async def get_users(served: AnnouncedRelease, stores: OpenStores, legs: CurrentLegs) -> Users:
    return Users(served, stores.tables, legs)


CurrentUsers = Annotated[Users, Depends(get_users)]


@router.get("", summary="The users of the release", responses=over_release(HTTPStatus.CONFLICT))
async def list_users(
    users: CurrentUsers,
    *,
    prefix: Annotated[
        str,
        Query(
            max_length=MAX_ID_CHARACTERS,
            pattern=r"^[^\x00]*$",
            description="What the ids begin with; empty for all users.",
            examples=["u0"],
        ),
    ] = "",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> UsersReply:
    return await users.listed(prefix, limit, cursor)


@router.get("/{user_id}/profile", summary="A user at a glance", responses=_NOT_FOUND)
async def read_user_profile(user_id: UserId, users: CurrentUsers) -> UserProfileReply:
    return await users.profile(user_id)


@router.get(
    "/{user_id}/engagement", summary="What a user did in each campaign", responses=_NOT_FOUND
)
async def read_user_engagement(user_id: UserId, users: CurrentUsers) -> UserEngagementReply:
    return await users.engagement(user_id)


@router.get(
    "/{user_id}/timeline",
    summary="What a user wrote, newest first",
    responses=over_release(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def read_user_timeline(
    user_id: UserId,
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
    before: Annotated[
        Moment | None,
        Query(
            description="Only messages sent earlier, on the first page; a time with its offset.",
            examples=["1999-03-12T00:00:00Z"],
        ),
    ] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> TimelineReply:
    return await timeline(
        user_id, before, limit, cursor, served=served, documents=stores.documents, legs=legs
    )


@router.get("/{user_id}/similar", summary="Users who write about the same", responses=_NOT_FOUND)
async def read_similar_users(
    user_id: UserId,
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
    limit: PageLimit = DEFAULT_PAGE,
) -> SimilarUsersReply:
    return await similar_users(user_id, limit, served=served, stores=stores, legs=legs)
