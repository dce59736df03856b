"""What a caller may do, as a router or an endpoint declares it:

    router = APIRouter(prefix="/users", tags=["users"], dependencies=[READ])

Authentication is the middleware's: whatever declares nothing is closed to callers
without a key all the same.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends, Request
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase

from mpp_api.errors import ApiError, problem_responses
from mpp_api.metrics.service import Metrics
from mpp_api.security.key_ring import Caller
from mpp_stores.api_keys import Role

KEY_HEADER: Final = "X-API-Key"
_SCHEME: Final = "ApiKey"
_BEARER_SCHEME: Final = "Bearer"


class RoleTooSmall(ApiError):
    status = HTTPStatus.FORBIDDEN
    slug = "role-too-small"
    title = "Role too small"

    def __init__(self, needed: Role, caller: Caller) -> None:
        super().__init__(f"this needs a key with the role {needed}; yours has {caller.role}")


class _Requires(SecurityBase):
    """A security scheme to FastAPI, which so documents it for each operation."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self.scheme_name = _SCHEME
        self.model = APIKey.model_validate(
            {
                "in": APIKeyIn.header,
                "name": KEY_HEADER,
                "description": "`mpp_<key id>_<secret>`. `mpp up` prints one; "
                "`mpp keys create` makes more.",
            }
        )

    async def __call__(self, request: Request) -> Caller:
        caller: Caller = request.state.caller
        if not caller.role.includes(self._role):
            metrics: Metrics = request.app.state.metrics
            metrics.count_refused("role")
            raise RoleTooSmall(self._role, caller)
        return caller


READ: Final = Depends(_Requires(Role.READ))
WRITE: Final = Depends(_Requires(Role.WRITE))
ADMIN: Final = Depends(_Requires(Role.ADMIN))


_REFUSALS: Final = problem_responses(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
)


def document_access(document: dict[str, Any]) -> None:
    """Add to an OpenAPI document what holds for every operation that asks for a key: it is
    also taken as a bearer token, and how a request is refused before its endpoint."""
    schemes = document["components"].setdefault("securitySchemes", {})
    schemes[_BEARER_SCHEME] = {"type": "http", "scheme": "bearer"}
    for operations in document["paths"].values():
        for operation in operations.values():
            if operation.get("security") == [{_SCHEME: []}]:
                operation["security"] = [{_SCHEME: []}, {_BEARER_SCHEME: []}]
                refusals = {str(status): refusal for status, refusal in _REFUSALS.items()}
                operation["responses"] = refusals | operation["responses"]
