"""What the headers of every reply over a release say of it."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Response

from mpp_api.dependencies import CurrentRelease
from mpp_api.errors import problem_responses
from mpp_api.releases.served import ServedRelease

RELEASE_HEADERS: Final[dict[str, Any]] = {
    "X-Release-State": {
        "description": "current; last-known while Postgres is down.",
        "schema": {"type": "string", "enum": ["current", "last-known"]},
    },
    "X-Release-Age-Seconds": {
        "description": "Since the release was published, now.",
        "schema": {"type": "number"},
    },
    "X-Release-Stale": {
        "description": "Present when the release is older than MPP_API_STALE_AFTER_HOURS.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
"""For OpenAPI."""


def release_headers(served: ServedRelease) -> dict[str, str]:
    headers = {
        "X-Release-State": str(served.state),
        "X-Release-Age-Seconds": f"{served.age().total_seconds():.3f}",
    }
    if served.is_stale:
        headers["X-Release-Stale"] = "true"
    return headers


async def announce_release(response: Response, served: CurrentRelease) -> ServedRelease:
    response.headers.update(release_headers(served))
    return served


AnnouncedRelease = Annotated[ServedRelease, Depends(announce_release)]
"""The current release, for an endpoint whose reply FastAPI makes: its headers are set."""


def over_release(*problems: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of an endpoint that answers from the served release."""
    return {
        HTTPStatus.OK.value: {"headers": RELEASE_HEADERS},
        **problem_responses(
            *problems, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    }
