"""A call is one request and how its answer is read; clients only send it.

Every call can be made twice to the effect of one: what changes something is counted by the ids
in it, once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from mpp_api.client.errors import UnexpectedAnswer, problem_answer

T = TypeVar("T")
Item = TypeVar("Item")
Reply = TypeVar("Reply", bound=BaseModel)

Parameter = str | int | bool | datetime | None

_DOTS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """`body`, and what the headers say of it.

    `request_id` names this answer in feedback and in the service's log. `cache` is hit, miss
    or bypass where replies are cached, else empty. `release_age_seconds` and
    `release_is_stale` hold at the time of the answer, also for a cached one.
    """

    body: T
    request_id: str
    cache: str
    release_age_seconds: float | None
    release_is_stale: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """`read` raises `ValueError` for content that it is not for. Parameters that are None are
    not sent."""

    method: str
    path: str
    read: Callable[[bytes], T]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    body: Any = None
    answered_by: frozenset[int] = frozenset()
    """Statuses from 400 on that are answers all the same, where `read` is for their content."""

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        given = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.parameters.items()
            if value is not None
        }
        if self.body is None:
            return client.build_request(self.method, self.path, params=given)
        return client.build_request(
            self.method,
            self.path,
            params=given,
            content=to_json(self.body),
            headers={"Content-Type": "application/json"},
        )

    def answer(self, response: httpx.Response) -> Answer[T]:
        """Raises `ProblemAnswer`, and `UnexpectedAnswer` for a redirect and what fits no model."""
        status, headers = response.status_code, response.headers
        if not response.is_success and status not in self.answered_by:
            if status >= HTTPStatus.BAD_REQUEST:
                raise problem_answer(status, headers, response.content)
            raise UnexpectedAnswer(
                f"{self.method} {self.path} answered {status} (Location: "
                f"{headers.get('Location', 'none')}); redirects are not followed: give the client "
                "the address of the service itself"
            )
        try:
            body = self.read(response.content)
        except ValueError as error:
            if status >= HTTPStatus.BAD_REQUEST:
                raise problem_answer(status, headers, response.content) from error
            fault = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise UnexpectedAnswer(
                f"{self.method} {self.path} answered {status} with what this client cannot read: "
                f"{fault}"
            ) from error
        age = headers.get("X-Release-Age-Seconds")
        return Answer(
            body=body,
            request_id=headers.get("X-Request-Id", ""),
            cache=headers.get("X-Cache", ""),
            release_age_seconds=float(age) if age else None,
            release_is_stale=headers.get("X-Release-Stale") == "true",
        )


@dataclass(frozen=True, slots=True)
class Pages(Generic[T, Item]):
    """A list that comes in pages. `call` asks for the page at a cursor, "" being the first;
    `next_cursor` is None of the last."""

    call: Callable[[str], Call[T]]
    items: Callable[[T], Sequence[Item]]
    next_cursor: Callable[[T], str | None]


def get(where: str, reply: type[Reply], /, **parameters: Parameter) -> Call[Reply]:
    return Call("GET", where, reply.model_validate_json, parameters)


def post(where: str, reply: type[Reply], body: Any, /) -> Call[Reply]:
    return Call("POST", where, reply.model_validate_json, body=body)


def path(*segments: str) -> str:
    """Raises `ValueError` for an id that no path can carry."""
    for segment in segments:
        if not segment or "/" in segment or segment in _DOTS:
            raise ValueError(f"a path cannot carry the id {segment!r}")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)
