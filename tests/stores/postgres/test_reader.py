import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.reader import TableReader
from mpp_stores.postgres.releases import publish
from mpp_stores.postgres.writer import CampaignPerformances, UserEngagements
from mpp_stores.records import CampaignPerformance, UserEngagement
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.rows import (
    campaign_performance,
    engagement_batch,
    performance_batch,
    user_engagement,
)


@pytest.fixture
async def reader(settings: StoreSettings, schema_name: str) -> AsyncIterator[TableReader]:
    reader = TableReader(settings, schema_name=schema_name)
    yield reader
    await reader.close()


def with_parameters(settings: StoreSettings, **parameters: object) -> StoreSettings:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    return settings.model_copy(
        update={"postgres_url": SecretStr(make_conninfo("", **{**url, **parameters}))}
    )


def at_port(settings: StoreSettings, port: int) -> StoreSettings:
    return with_parameters(settings, host="127.0.0.1", port=port)


@asynccontextmanager
async def forwarding(port: int, settings: StoreSettings) -> AsyncIterator[None]:
    """Postgres reachable on one more port."""
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection(str(url["host"]), int(str(url["port"])))
        await asyncio.gather(pump(reader, to_server[1]), pump(to_server[0], writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


async def test_a_database_before_the_first_ingest_reads_as_empty(reader: TableReader) -> None:
    await reader.ping()
    assert await reader.user_engagement("ada") == []
    assert await reader.campaign_performance("spring") is None
    assert await reader.campaign_performances() == []
    assert await reader.current_release() is None


async def test_a_user_is_read_alone_and_best_campaign_first(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    rows = [
        user_engagement("ada", "low", score=0.1),
        user_engagement("ada", "high", score=0.9),
        user_engagement("bob", "high", score=1.0),
    ]
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(engagement_batch(*rows), "first")
    expected = [UserEngagement(**row) for row in (rows[1], rows[0])]
    assert await reader.user_engagement("ada") == expected
    assert await reader.user_engagement("ada' OR '1'='1") == []


async def test_campaigns_are_read_one_by_one_and_best_first(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    rows = [campaign_performance("low", score=0.1), campaign_performance("high", score=0.9)]
    with CampaignPerformances(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(performance_batch(*rows), "first")
    low, high = (CampaignPerformance(**row) for row in rows)
    assert await reader.campaign_performances() == [high, low]
    assert await reader.campaign_performance("low") == low
    assert await reader.campaign_performance("unheard of") is None


async def test_the_current_release_is_the_one_that_was_published(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    release = publish(
        settings,
        dagster_run_id="0b5e8a5e-run",
        data_through=date(1999, 3, 1),
        row_counts={"postgres/user_engagement": 3},
        quality={},
        schema_name=schema_name,
    )
    assert await reader.current_release() == release


async def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    reader = TableReader(dead_settings)
    with pytest.raises(StoreUnavailable, match="postgres: could not ping"):
        await reader.ping()
    await reader.close()


async def test_a_server_that_never_answers_is_reported_as_unavailable(
    settings: StoreSettings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reader = TableReader(at_port(settings, silent.getsockname()[1]))
        with pytest.raises(StoreUnavailable, match="user 'ada'"):
            await reader.user_engagement("ada")
        await reader.close()


async def test_a_reader_that_met_a_dead_server_answers_once_it_is_up(
    settings: StoreSettings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    reader = TableReader(at_port(settings, port))
    with pytest.raises(StoreUnavailable):
        await reader.ping()
    async with forwarding(port, settings):
        await reader.ping()
        await reader.close()


async def test_a_reader_answers_again_after_its_connections_were_cut(
    settings: StoreSettings, schema_name: str
) -> None:
    reader = TableReader(with_parameters(settings, application_name=schema_name))
    await reader.ping()
    with connect(settings) as killer:
        cut = killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (schema_name,),
        ).fetchall()
    assert cut == [(True,)]
    await reader.ping()
    await reader.close()


async def test_closing_a_reader_that_never_read_is_fine(settings: StoreSettings) -> None:
    await TableReader(settings).close()
