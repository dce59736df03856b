"""`GET /docs`: Swagger UI, under a policy that lets nothing else run on it."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from mpp_api.security.headers import docs_policy


def serve_docs(app: FastAPI) -> None:
    """In place of FastAPI's own page, which comes without a policy."""
    page = get_swagger_ui_html(openapi_url=str(app.openapi_url), title=app.title)
    policy = docs_policy(bytes(page.body).decode())
    page.headers["Content-Security-Policy"] = policy

    @app.get("/docs", include_in_schema=False)
    async def read_docs() -> HTMLResponse:
        return page
