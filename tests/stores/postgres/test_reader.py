import socket
from collections.abc import AsyncIterator

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.reader import TableReader
from mpp_stores.postgres.writer import CampaignPerformances, UserEngagements
from mpp_stores.records import CampaignPerformance, UserEngagement, UserSummary
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy
from tests.stores.postgres.registry import Registry
from tests.stores.postgres.rows import (
    FIRST_AT,
    LAST_AT,
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


def forwarding(port: int, settings: StoreSettings) -> Proxy:
    """Postgres reachable on one more port."""
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    return Proxy(str(url["host"]), int(str(url["port"])), own_port=port)


async def test_a_database_before_the_first_ingest_reads_as_empty(reader: TableReader) -> None:
    await reader.ping()
    assert await reader.user_engagement("ada", materialization=1) == []
    assert await reader.campaign_performances(materialization=1) == []
    assert await reader.users(10, materialization=1) == []
    assert await reader.audience("spring", 10, materialization=1) == []
    assert await reader.audience_by_level("spring", materialization=1) == {}
    assert await reader.current_release() is None
    assert await reader.releases(10) == []
    assert await reader.release("20261124T052300Z-1f0c2a9b") is None
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


async def test_users_are_listed_by_id_with_the_sum_of_what_they_did(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    rows = [
        user_engagement("ada", "spring", messages=2, score=0.1),
        user_engagement("ada", "summer", messages=3, score=0.9),
        user_engagement("a%a"),
        user_engagement("bob"),
    ]
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(engagement_batch(*rows, materialization=7))
        target.write(engagement_batch(user_engagement("cid"), materialization=8))
    everybody = await reader.users(10, materialization=7)
    [ada] = [user for user in everybody if user.user_id == "ada"]
    assert ada == UserSummary("ada", 5, 2, FIRST_AT, LAST_AT, 0.9)
    assert sorted(user.user_id for user in everybody) == ["a%a", "ada", "bob"]
    one_by_one = []
    while page := await reader.users(
        1, after=one_by_one[-1].user_id if one_by_one else "", materialization=7
    ):
        one_by_one += page
        assert len(one_by_one) <= len(everybody)
    assert one_by_one == everybody
    [escaped] = await reader.users(10, prefix="a%", materialization=7)
    assert escaped.user_id == "a%a"


async def test_users_are_listed_in_the_order_of_code_points(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    ordered = ["Zoe", "_ada", "a b", "a-c", "aa", "é"]
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(engagement_batch(*map(user_engagement, ordered)))
    assert [user.user_id for user in await reader.users(10, materialization=1)] == ordered
    found = await reader.users(10, prefix="a", after="a b", materialization=1)
    assert [user.user_id for user in found] == ["a-c", "aa"]


async def test_an_audience_is_read_on_after_any_of_its_users_also_among_equals(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    scores = {"ada": 0.3, "bob": 0.1 + 0.2, "cid": 0.3, "dot": 1.0, "eve": 0.0}
    rows = [user_engagement(user_id, score=score) for user_id, score in scores.items()]
    with UserEngagements(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(engagement_batch(*rows, user_engagement("fay", "other"), materialization=7))
    found: list[UserEngagement] = []
    while page := await reader.audience(
        "spring",
        1,
        after=(found[-1].engagement_score, found[-1].user_id) if found else None,
        materialization=7,
    ):
        found += page
        assert len(found) <= len(rows)
    assert [user.user_id for user in found] == ["dot", "bob", "ada", "cid", "eve"]
    assert await reader.audience_by_level("spring", materialization=7) == {"medium": 5}
    assert await reader.audience("spring", 9, level="medium", materialization=7) == found
    assert await reader.audience("spring", 9, level="high", materialization=7) == []


async def test_releases_are_listed_published_last_first(
    reader: TableReader, registry: Registry
) -> None:
    first, second, third = registry.publish(), registry.publish(), registry.publish()
    listed = [release.release_id for release in await reader.releases(2)]
    assert listed == [third.release_id, second.release_id]
    before = await reader.releases(2, before=second.release_id)
    assert [release.release_id for release in before] == [first.release_id]
    found = await reader.release(second.release_id)
    assert found is not None
    assert found.release_id == second.release_id


async def test_campaigns_are_read_one_by_one_and_best_first(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    rows = [campaign_performance("low", score=0.1), campaign_performance("high", score=0.9)]
    with CampaignPerformances(settings, schema_name=schema_name) as target:
        target.prepare()
        target.write(performance_batch(*rows, materialization=7))
    low, high = (CampaignPerformance(**row) for row in rows)
    assert await reader.campaign_performances(materialization=7) == [high, low]


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
    assert await reader.campaign_performances(materialization=1) == [CampaignPerformance(**earlier)]
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
    of_a_day = await reader.materializations(first.release_id, ["", "1999-03-02"])
    assert [each.materialization for each in of_a_day] == [profiles, days[1]]
    after_the_first = await reader.materializations_after(days[0], first.release_id, limit=1)
    assert [each.materialization for each in after_the_first] == [days[1]]
    of_an_asset = await reader.materializations_after(
        0, first.release_id, limit=9, asset="mongo/conversations"
    )
    assert [each.materialization for each in of_an_asset] == days
    registry.retire(keep=1)
    assert await reader.contents(first.release_id) == {}


async def test_the_contents_of_a_release_are_those_of_the_stores(
    reader: TableReader, registry: Registry
) -> None:
    registry.materialize("lake/landed_events", "a.json")
    of_a_day = registry.materialize("milvus/messages", "1999-03-01")
    release = registry.publish()
    assert await reader.contents(release.release_id) == {"milvus/messages": [of_a_day]}


async def test_an_erasure_is_requested_and_found_again(reader: TableReader) -> None:
    erasure = await reader.request_erasure("ada")
    assert (erasure.user_id, erasure.state) == ("ada", "requested")
    assert await reader.request_erasure("ada") == erasure
    assert await reader.erasure(erasure.erasure_id) == erasure
    assert await reader.erasure("another") is None
    erased = await reader.erased_subjects()
    assert erased.includes("ada")
    assert not erased.includes("bob")


async def test_who_was_erased_is_read_again_only_when_somebody_asked_since(
    reader: TableReader,
) -> None:
    nobody = await reader.erased_subjects()
    await reader.request_erasure("ada")
    ada = await reader.erased_subjects()
    again = await reader.erased_subjects()
    await reader.request_erasure("bob")
    both = await reader.erased_subjects()
    assert not nobody.includes("ada")
    assert ada.includes("ada")
    assert again is ada
    assert both.includes("ada")
    assert both.includes("bob")


async def test_as_many_erasures_as_before_a_restore_are_not_taken_for_the_same(
    reader: TableReader, settings: StoreSettings, schema_name: str
) -> None:
    await reader.request_erasure("ada")
    await reader.erased_subjects()
    with connect(settings) as connection:
        connection.execute(SQL("TRUNCATE {}.erasures").format(Identifier(schema_name)))
    await reader.request_erasure("bob")
    assert (await reader.erased_subjects()).includes("bob")


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
