"""What the API says instead of an answer, as exceptions. Each says whether trying again helps."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import ClassVar

from pydantic import BaseModel, ValidationError


class InvalidField(BaseModel):
    """An input that was refused: where it was, its name, why."""

    location: str
    name: str
    detail: str


class _ProblemBody(BaseModel):
    """RFC 9457; every member is optional there."""

    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    errors: list[InvalidField] | None = None
    request_id: str | None = None


class ApiFailure(Exception):
    """The API did not do what was asked. `retryable`: the same call may succeed later."""

    retryable: ClassVar[bool] = False


class NoAnswer(ApiFailure):
    """Nobody answered, or not in time. Whether the call was carried out is not known."""

    retryable = True


class UnexpectedAnswer(ApiFailure):
    """The answer is not what this version of the client knows: not from the API, or from
    another version of it."""


class ProblemAnswer(ApiFailure):
    """An RFC 9457 problem.

    `slug` is the last part of the problem's type, such as `unknown-user`; empty for a
    problem without a type of its own. `retry_after_seconds` is what the API asks to wait.
    """

    def __init__(
        self,
        status: int,
        problem: _ProblemBody,
        retry_after_seconds: float | None,
        request_id: str | None,
    ) -> None:
        self.status = status
        self.slug = "" if problem.type == "about:blank" else problem.type.rpartition(":")[2]
        self.title = problem.title or _phrase(status)
        self.detail = problem.detail
        self.errors: Sequence[InvalidField] = problem.errors or ()
        self.retry_after_seconds = retry_after_seconds
        self.request_id = problem.request_id or request_id
        super().__init__(f"{status} {self.title}: {self.detail} (request {self.request_id})")


class InvalidInput(ProblemAnswer):
    """400, 413, 414, 415 or 422: `errors` names the inputs."""


class NotAuthenticated(ProblemAnswer):
    """401: no key, or none that is valid."""


class NotPermitted(ProblemAnswer):
    """403: the key's role does not allow this."""


class NotFound(ProblemAnswer):
    """404: `slug` says what is unknown."""


class Conflict(ProblemAnswer):
    """409. With the slug `list-changed` the pages of a list no longer fit each other: start again
    from the first."""


class TooManyRequests(ProblemAnswer):
    """429: the key's rate limit."""

    retryable = True


class Unavailable(ProblemAnswer):
    """502, 503 or 504: the stores that could answer are down, or nothing is published yet."""

    retryable = True


class ServiceFailure(ProblemAnswer):
    """Any other 5xx: the service's log says why, under `request_id`."""


_BY_STATUS: Mapping[int, type[ProblemAnswer]] = {
    HTTPStatus.BAD_REQUEST: InvalidInput,
    HTTPStatus.UNAUTHORIZED: NotAuthenticated,
    HTTPStatus.FORBIDDEN: NotPermitted,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: InvalidInput,
    HTTPStatus.REQUEST_URI_TOO_LONG: InvalidInput,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: InvalidInput,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidInput,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
    HTTPStatus.BAD_GATEWAY: Unavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
    HTTPStatus.GATEWAY_TIMEOUT: Unavailable,
}


def problem_answer(status: int, headers: Mapping[str, str], body: bytes) -> ProblemAnswer:
    """The exception for an answer of status 400 and above; a proxy's needs no problem body."""
    try:
        problem = _ProblemBody.model_validate_json(body)
    except ValidationError:
        problem = _ProblemBody()
    other = ServiceFailure if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ProblemAnswer
    kind = _BY_STATUS.get(status, other)
    retry_after = _retry_after_seconds(headers.get("Retry-After"))
    return kind(status, problem, retry_after, headers.get("X-Request-Id"))


def _retry_after_seconds(value: str | None) -> float | None:
    """Retry-After holds seconds or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
