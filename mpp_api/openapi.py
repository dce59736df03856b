"""Where the OpenAPI document that FastAPI makes is put right."""

from http import HTTPStatus
from typing import Any

from mpp_api.errors import problem_responses

_NULL = {"type": "null"}
_OF_BODIES = problem_responses(HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def without_null_in_queries(document: dict[str, Any]) -> None:
    """`str | None` of a query parameter means that it may be left out: no query carries null."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                others = [each for each in schema.get("anyOf", ()) if each != _NULL]
                if parameter["in"] == "query" and len(others) == 1:
                    del schema["anyOf"]
                    schema.update(others[0])


def with_unreadable_bodies(document: dict[str, Any]) -> None:
    """A body that is not even text is refused with 400 before any model looks at it, and one that
    is not said to be JSON with 415."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                for status, response in _OF_BODIES.items():
                    operation["responses"].setdefault(str(status), response)
