import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.reader import TableReader
from mpp_stores.postgres.writer import CampaignPerformances, UserEngagements
from mpp_stores.records import CampaignPerformance, UserEngagement
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.registry import Registry
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


def with_parameters(settings: StoreSettings, **parameters: str | int) -> StoreSettings:
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
    assert await reader.user_engagement("ada", materialization=1) == []
    assert await reader.campaign_performance("spring", materialization=1) is None
    assert await reader.campaign_performances(materialization=1) == []
    assert await reader.current_release() is None
    assert await reader.contents("20261124T052300Z-1f0c2a9b") == {}
    assert await reader.erasure("some-erasure") is None
    assert not (await reader.erased_subjects()).includes("ada")


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
        target.write(engagement_batch(*rows, materialization=7))
    expected = [UserEngagement(**row) for row in (rows[1], rows[0])]
    assert await reader.user_engagement("ada", materialization=7) == expected
    assert await reader.user_engagement("ada' OR '1'='1", materialization=7) == []


async def test_campaigns_are_read_one_by_one_and_best_first(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    rows = [campaign_performance("low", score=0.1), campaign_performance("high", score=0.9)]
    with CampaignPerformances(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(performance_batch(*rows, materialization=7))
    low, high = (CampaignPerformance(**row) for row in rows)
    assert await reader.campaign_performances(materialization=7) == [high, low]
    assert await reader.campaign_performance("low", materialization=7) == low
    assert await reader.campaign_performance("unheard of", materialization=7) is None


async def test_a_user_is_read_as_of_one_materialization(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    earlier, later = user_engagement("ada", messages=1), user_engagement("ada", messages=2)
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(engagement_batch(earlier, materialization=1))
        target.write(engagement_batch(later, materialization=2))
    assert await reader.user_engagement("ada", materialization=1) == [UserEngagement(**earlier)]
    assert await reader.user_engagement("ada", materialization=2) == [UserEngagement(**later)]
    assert await reader.user_engagement("ada", materialization=3) == []


async def test_campaigns_are_read_as_of_one_materialization(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    earlier, later = (campaign_performance("spring", score=score) for score in (0.1, 0.2))
    with CampaignPerformances(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(performance_batch(earlier, materialization=1))
        target.write(performance_batch(later, materialization=2))
    as_written = CampaignPerformance(**earlier)
    assert await reader.campaign_performance("spring", materialization=1) == as_written
    assert await reader.campaign_performances(materialization=1) == [as_written]
    assert await reader.campaign_performances(materialization=3) == []


async def test_the_current_release_is_the_one_that_is_served(
    reader: TableReader, registry: Registry
) -> None:
    first = registry.publish()
    assert await reader.current_release() == first
    second = registry.publish()
    assert await reader.current_release() == second
    registry.rollback(first.release_id)
    assert await reader.current_release() == first


async def test_the_contents_of_a_release_are_numbers_by_asset(
    reader: TableReader, registry: Registry
) -> None:
    days = [
        registry.materialize("mongo/conversations", day) for day in ("1999-03-01", "1999-03-02")
    ]
    profiles = registry.materialize("milvus/user_profiles")
    first = registry.publish()
    registry.materialize("milvus/user_profiles")
    registry.publish()
    assert await reader.contents(first.release_id) == {
        "mongo/conversations": days,
        "milvus/user_profiles": [profiles],
    }
    registry.retire(keep=1)
    assert await reader.contents(first.release_id) == {}


async def test_an_erasure_is_requested_and_found_again(reader: TableReader) -> None:
    erasure = await reader.request_erasure("ada")
    assert (erasure.user_id, erasure.state) == ("ada", "requested")
    assert await reader.request_erasure("ada") == erasure
    assert await reader.erasure(erasure.erasure_id) == erasure
    assert await reader.erasure("another") is None
    erased = await reader.erased_subjects()
    assert erased.includes("ada")
    assert not erased.includes("bob")


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
        with pytest.raises(StoreUnavailable, match="engagement of a user"):
            await reader.user_engagement("ada", materialization=1)
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
