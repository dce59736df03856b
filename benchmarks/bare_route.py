"""The least that FastAPI can do: what the API's latencies are compared with."""

from fastapi import FastAPI


def create_app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read_nothing() -> dict[str, str]:
        return {"answer": "none"}

    return app
