"""The explorer: a page without secrets, open to everybody. Its script asks for an API key."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).with_name("static")
# Asked for again each time, and answered 304: a new version of the service has a new page.
_REVALIDATED: Final = {"Cache-Control": "no-cache"}


class _RevalidatedFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_REVALIDATED)
        return response


def serve_explorer(app: FastAPI) -> None:
    app.mount("/explorer/static", _RevalidatedFiles(directory=STATIC), name="explorer files")

    @app.get(
        "/explorer",
        tags=["operation"],
        summary="A page to look at users, campaigns and recommendations",
        response_class=HTMLResponse,
    )
    async def read_explorer() -> FileResponse:
        return FileResponse(STATIC / "index.html", media_type="text/html", headers=_REVALIDATED)
