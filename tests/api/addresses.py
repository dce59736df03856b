"""Settings under which a store really is somewhere else, or nowhere."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mpp_api.settings import ApiSettings

NOWHERE = 1
"""A port that nobody listens on."""


def postgres_at(settings: ApiSettings, **parameters: object) -> ApiSettings:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    return settings.model_copy(
        update={"postgres_url": SecretStr(make_conninfo("", **{**url, **parameters}))}
    )


def without(settings: ApiSettings, *stores: str) -> ApiSettings:
    """The same settings with nobody listening at the stores' addresses."""
    for store in stores:
        settings = _WITHOUT[store](settings)
    return settings


_WITHOUT = {
    "milvus": lambda settings: settings.model_copy(
        update={"milvus_uri": f"http://127.0.0.1:{NOWHERE}"}
    ),
    "neo4j": lambda settings: settings.model_copy(
        update={"neo4j_uri": f"bolt://127.0.0.1:{NOWHERE}"}
    ),
    "postgres": lambda settings: postgres_at(settings, host="127.0.0.1", port=NOWHERE),
    "mongo": lambda settings: settings.model_copy(
        update={"mongo_uri": SecretStr(f"mongodb://127.0.0.1:{NOWHERE}")}
    ),
    "redis": lambda settings: settings.model_copy(
        update={"redis_url": SecretStr(f"redis://127.0.0.1:{NOWHERE}")}
    ),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def postgres_also_at(port: int, settings: ApiSettings) -> AsyncIterator[None]:
    """Postgres reachable on one more port; leaving cuts every connection through it."""
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    open_writers: list[asyncio.StreamWriter] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection(str(url["host"]), int(str(url["port"])))
        open_writers.extend((writer, to_server[1]))
        await asyncio.gather(
            pump(reader, to_server[1]), pump(to_server[0], writer), return_exceptions=True
        )

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in open_writers:
            writer.close()
        await server.wait_closed()
