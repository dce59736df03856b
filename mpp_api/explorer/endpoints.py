"""The explorer: a page without secrets, open to everybody. Its script asks for an API key."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse

from mpp_api.static_files import REVALIDATED, RevalidatedFiles

STATIC: Final = Path(__file__).with_name("static")


def serve_explorer(app: FastAPI) -> None:
    app.mount("/explorer/static", RevalidatedFiles(directory=STATIC), name="explorer files")

    @app.get(
        "/explorer",
        tags=["operation"],
        summary="A page to look at users, campaigns and recommendations",
        response_class=HTMLResponse,
    )
    async def read_explorer() -> FileResponse:
        return FileResponse(STATIC / "index.html", media_type="text/html", headers=REVALIDATED)
