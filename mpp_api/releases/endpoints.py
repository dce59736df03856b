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
from mpp_api.paging.parameters import DEFAULT_PAGE, PageCursor, PageLimit
from mpp_api.releases import service
from mpp_api.releases.headers import AnnouncedRelease, over_release
from mpp_api.releases.schemas import MaterializationsReply, ReleaseDetails, ReleasesReply
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
async def read_current_release(served: AnnouncedRelease) -> ReleaseDetails:
    return ReleaseDetails.of(served.release, served)


@router.get("/{release_id}", summary="One release", responses=_RESPONSES)
async def read_release(
    release_id: ReleaseId, releases: Releases, stores: OpenStores, legs: CurrentLegs
) -> ReleaseDetails:
    release = await service.known_release(release_id, tables=stores.tables, legs=legs)
    return ReleaseDetails.of(release, await releases.served_if_any())


@router.get(
    "/{release_id}/materializations",
    summary="What a release serves of every asset and partition, and the runs that wrote it",
    responses=_RESPONSES | problem_responses(HTTPStatus.CONFLICT),
)
async def list_materializations(
    release_id: ReleaseId,
    *,
    stores: OpenStores,
    legs: CurrentLegs,
    asset: Annotated[
        StoredId | None, Query(description="Only of this asset.", examples=["milvus/messages"])
    ] = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> MaterializationsReply:
    return await service.materializations(
        release_id, limit, cursor, asset, tables=stores.tables, legs=legs
    )
