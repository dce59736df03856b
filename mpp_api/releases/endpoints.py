from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from mpp_api.dependencies import (
    CurrentLegs,
    OpenStores,
    Releases,
)
from mpp_api.errors import problem_responses
from mpp_api.identifiers import StoredId
from mpp_api.paging.parameters import DEFAULT_PAGE, PageLimit
from mpp_api.releases import service
from mpp_api.releases.headers import AnnouncedRelease, over_release
from mpp_api.releases.schemas import ReleaseDetailsReply, ReleasesReply
from mpp_api.security.access import READ

router = APIRouter(prefix="/releases", tags=["releases"], dependencies=[READ])

ReleaseId = Annotated[
    StoredId,
    Path(
        examples=["19990312T061232Z-33644434"],
    ),
]
_RESPONSES = problem_responses(
    HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)


@router.get("", summary="What was published, last first", responses=_RESPONSES)
async def list_releases(
    releases: Releases,
    stores: OpenStores,
    legs: CurrentLegs,
    limit: PageLimit = DEFAULT_PAGE,
    before: Annotated[
        StoredId | None,
        Query(
            description="`next_before` of the page before: those published before this release.",
            examples=["19990312T061232Z-33644434"],
        ),
    ] = None,
) -> ReleasesReply:
    return await service.releases(
        limit, before, served=await releases.served_if_any(), tables=stores.tables, legs=legs
    )


@router.get("/current", summary="The release that is served", responses=over_release())
async def read_current_release(
    served: AnnouncedRelease, stores: OpenStores, legs: CurrentLegs
) -> ReleaseDetailsReply:
    return await service.release_details(
        served.release.release_id, served=served, tables=stores.tables, legs=legs
    )


@router.get("/{release_id}", summary="One release", responses=_RESPONSES)
async def read_release(
    release_id: ReleaseId, releases: Releases, stores: OpenStores, legs: CurrentLegs
) -> ReleaseDetailsReply:
    return await service.release_details(
        release_id, served=await releases.served_if_any(), tables=stores.tables, legs=legs
    )
