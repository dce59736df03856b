"""`GET /docs`: Swagger UI, under a policy that lets nothing else run on it."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from mpp_api.security.headers import docs_policy
from mpp_api.static_files import RevalidatedFiles

_FILES: Final = "/docs/static"


def serve_docs(app: FastAPI) -> None:
    """In place of FastAPI's own page, whose files are on a CDN and which has no policy."""
    page = get_swagger_ui_html(
        openapi_url=str(app.openapi_url),
        title=app.title,
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{_FILES}/favicon.png",
    )
    page.headers["Content-Security-Policy"] = docs_policy(bytes(page.body).decode())
    static = Path(str(fastapi_offline.__file__)).with_name("static")
    app.mount(_FILES, RevalidatedFiles(directory=static), name="docs files")

    @app.get("/docs", include_in_schema=False)
    async def read_docs() -> HTMLResponse:
        return page
