"""Files of pages."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Asked for again each time, and answered 304: a new version of the service has new pages.
REVALIDATED: Final = {"Cache-Control": "no-cache"}


class RevalidatedFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(REVALIDATED)
        return response
