from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from mpp_api.dependencies import CurrentLegs, CurrentRelease, CurrentSettings, OpenStores
from mpp_api.releases.headers import RELEASE_HEADERS, over_release, release_headers
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.reports.schemas import ReportReply
from mpp_api.reports.service import report_file
from mpp_api.security.access import READ
from mpp_api.security.headers import REPORT_POLICY
from mpp_stores.reports import HTML_NAME, JSON_NAME

router = APIRouter(tags=["report"], dependencies=[READ])


async def get_report(
    *, served: CurrentRelease, stores: OpenStores, legs: CurrentLegs, settings: CurrentSettings
) -> Callable[[str], Awaitable[bytes]]:
    async def read(name: str) -> bytes:
        return await report_file(
            name, reports=settings.reports, served=served, tables=stores.tables, legs=legs
        )

    return read


CurrentReport = Annotated[Callable[[str], Awaitable[bytes]], Depends(get_report)]


@router.get(
    "/report",
    summary="The analytics report of the release",
    response_model=ReportReply,
    responses=over_release(HTTPStatus.NOT_FOUND),
)
async def read_report(served: CurrentRelease, report: CurrentReport) -> Response:
    """Withheld while it is of a user who is being erased."""
    content = await report(JSON_NAME)
    release = ReleaseReply.of(served).model_dump_json().encode()
    return Response(
        b'{"release":' + release + b',"report":' + content + b"}",
        media_type="application/json",
        headers=release_headers(served),
    )


@router.get(
    "/report.html",
    summary="The same as a page",
    response_class=Response,
    responses={
        **over_release(HTTPStatus.NOT_FOUND),
        HTTPStatus.OK.value: {
            "description": "The page; nothing in it is loaded from elsewhere.",
            "content": {"text/html": {"schema": {"type": "string"}}},
            "headers": RELEASE_HEADERS,
        },
    },
)
async def read_report_page(served: CurrentRelease, report: CurrentReport) -> Response:
    content = await report(HTML_NAME)
    headers = {"Content-Security-Policy": REPORT_POLICY, **release_headers(served)}
    return Response(content, media_type="text/html", headers=headers)
