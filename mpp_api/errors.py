"""Expected failures carry their status; every failure leaves as RFC 9457 problem+json.

Details name the input and the store, never an address or a driver's message:
those go to the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from mpp_api.observability.request_context import request_id
from mpp_api.problem import InvalidInput, Problem
from mpp_stores.errors import StoreError

logger = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
_REF = "#/components/schemas/{model}"


class ApiError(Exception):
    """An expected failure. Subclasses say with which status it leaves and what it is called."""

    status: ClassVar[HTTPStatus]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)


class UnknownUser(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "unknown-user"
    title = "Unknown user"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"no engagement is recorded for user {user_id!r}")


class UnknownCampaign(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "unknown-campaign"
    title = "Unknown campaign"

    def __init__(self, campaign_id: str) -> None:
        super().__init__(f"no performance is recorded for campaign {campaign_id!r}")


class UnknownErasure(ApiError):
    status = HTTPStatus.NOT_FOUND
    slug = "unknown-erasure"
    title = "Unknown erasure"

    def __init__(self, erasure_id: str) -> None:
        super().__init__(f"no erasure {erasure_id!r} was requested")


class NoRelease(ApiError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "no-release"
    title = "No release yet"

    def __init__(self) -> None:
        super().__init__("no release yet: run `mpp ingest`, then ask again")


class ReleaseUnknown(ApiError):
    """Nothing says what is published: Postgres does not answer and never did."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "release-unknown"
    title = "Release unknown"

    def __init__(self) -> None:
        super().__init__("postgres did not say what is published; trying again can help")


class Overloaded(ApiError):
    """Those who asked before take longer than this request can wait."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "overloaded"
    title = "Too many requests at the same time"

    def __init__(self) -> None:
        super().__init__("too many replies are being computed already; ask again")


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    slug: str | None = None,
    errors: list[InvalidInput] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A reply in problem+json; what raises `ApiError` gets one without asking."""
    content = Problem(
        type=f"urn:problem-type:mpp:{slug}" if slug else "about:blank",
        title=title,
        status=status,
        detail=detail,
        request_id=request_id.get(),
        errors=errors,
    )
    sent = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return JSONResponse(
        content.model_dump(exclude_none=True), status, sent, media_type=PROBLEM_MEDIA_TYPE
    )


async def _render_api_error(_: Request, error: ApiError) -> JSONResponse:
    return problem(error.status, error.title, error.detail, slug=error.slug)


async def _render_store_error(_: Request, error: StoreError) -> JSONResponse:
    logger.warning("%s", error)
    if error.retryable:
        detail = f"{error.store} did not answer; trying again can help"
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Store down", detail, slug="store-down")
    detail = f"{error.store} refused the query; the service's log says why"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Store refused", detail, slug="store-refused")


async def _render_invalid_input(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = [_invalid_input(found) for found in error.errors()]
    if any(found.location == "body" for found in errors) and not _says_json(request):
        return problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "send JSON, and say so: Content-Type: application/json",
            slug="unsupported-media-type",
        )
    detail = "; ".join(f"{found.name}: {found.detail}" for found in errors)
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid input",
        detail,
        slug="invalid-input",
        errors=errors,
    )


def _invalid_input(found: Mapping[str, Any]) -> InvalidInput:
    location, *steps = map(str, found["loc"])
    if found["type"] == "json_invalid":
        [position] = steps
        detail = f"no JSON at character {position}: {found['ctx']['error']}"
        return InvalidInput(location=location, name=location, detail=detail)
    return InvalidInput(location=location, name=".".join(steps) or location, detail=found["msg"])


def _says_json(request: Request) -> bool:
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


async def _render_http_exception(_: Request, error: HTTPException) -> JSONResponse:
    title = HTTPStatus(error.status_code).phrase
    return problem(error.status_code, title, error.detail, headers=error.headers)


async def _render_defect(_: Request, error: Exception) -> JSONResponse:
    # The server logs it once more, when the request's id is not known any more.
    logger.error("the service failed unexpectedly", exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "the service failed unexpectedly; its log has the traceback",
    )


def install_handlers(app: FastAPI) -> None:
    app.exception_handler(ApiError)(_render_api_error)
    app.exception_handler(StoreError)(_render_store_error)
    app.exception_handler(RequestValidationError)(_render_invalid_input)
    app.exception_handler(HTTPException)(_render_http_exception)
    app.exception_handler(Exception)(_render_defect)


def problem_schemas() -> dict[str, Any]:
    """OpenAPI components that `problem_responses` refer to. FastAPI adds none itself: its own
    `model` argument documents `application/json`."""
    _, schemas = models_json_schema([(Problem, "serialization")], ref_template=_REF)
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions


def problem_responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems an endpoint can answer with."""
    return {
        int(status): {
            "description": status.phrase,
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
        for status in statuses
    }
