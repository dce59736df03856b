from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from mpp_api.dependencies import (
    CurrentAudit,
    CurrentDeadline,
    CurrentSettings,
    OpenStores,
    Releases,
    UserId,
)
from mpp_api.erasures import service
from mpp_api.erasures.schemas import ErasureReply, ErasureRequest
from mpp_api.errors import problem_responses
from mpp_api.identifiers import ID_PATTERN
from mpp_api.security.access import ADMIN
from mpp_stores.bounds import MAX_ID_CHARACTERS

router = APIRouter(tags=["erasures"], dependencies=[ADMIN])

ErasureId = Annotated[
    str,
    Path(
        max_length=MAX_ID_CHARACTERS,
        pattern=ID_PATTERN,
        description="As the reply to the request for it says.",
    ),
]

_ACCEPTED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.ACCEPTED.value: {
        "headers": {
            "Location": {
                "description": "Where to see how far it got.",
                "schema": {"type": "string"},
            }
        }
    },
    **problem_responses(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
}


async def get_acceptance(
    response: Response,
    *,
    stores: OpenStores,
    releases: Releases,
    settings: CurrentSettings,
    deadline: CurrentDeadline,
    audit: CurrentAudit,
) -> Callable[[str], Awaitable[ErasureReply]]:
    async def accept(user_id: str) -> ErasureReply:
        async with audit.action("request-erasure") as action:
            # The rest is for the record.
            part = deadline.part(settings.api_leg_timeout_seconds)
            erasure = await service.request_erasure(user_id, stores.tables, releases, part, action)
        response.headers["Location"] = f"/erasures/{erasure.erasure_id}"
        return erasure

    return accept


Acceptance = Annotated[Callable[[str], Awaitable[ErasureReply]], Depends(get_acceptance)]


@router.delete(
    "/users/{user_id}",
    summary="Forget a user",
    status_code=HTTPStatus.ACCEPTED,
    responses=_ACCEPTED,
)
async def delete_user(user_id: UserId, accept: Acceptance) -> ErasureReply:
    """From now on the user is answered for as an unknown one and cited nowhere; the pipeline
    removes what is stored. A user who was never seen is accepted too: rejected records, which
    this service does not read, may hold the id."""
    return await accept(user_id)


@router.post(
    "/erasures",
    summary="The same, for any user id",
    status_code=HTTPStatus.ACCEPTED,
    responses=_ACCEPTED,
)
async def create_erasure(request: ErasureRequest, accept: Acceptance) -> ErasureReply:
    return await accept(request.user_id)


@router.get(
    "/erasures/{erasure_id}",
    summary="How far an erasure got",
    responses=problem_responses(
        HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
    ),
)
async def read_erasure(
    erasure_id: ErasureId,
    stores: OpenStores,
    settings: CurrentSettings,
    deadline: CurrentDeadline,
    audit: CurrentAudit,
) -> ErasureReply:
    async with audit.action("read-erasure") as action:
        part = deadline.part(settings.api_leg_timeout_seconds)
        erasure = await service.erasure(erasure_id, stores.tables, part)
        action.subject = erasure.erasure_id
    return erasure
