import time
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import get_context

import psycopg
import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres import erasures, lock
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.lock import pipeline_lock
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.locks import WITHIN_SECONDS, until_one_waits
from tests.stores.postgres.processes import hold_pipeline_lock


@pytest.fixture
def holders(monkeypatch: pytest.MonkeyPatch) -> list[psycopg.Connection]:
    """Every connection that this process takes the lock on."""
    opened: list[psycopg.Connection] = []

    def noted(settings: StoreSettings) -> psycopg.Connection:
        opened.append(connect(settings))
        return opened[-1]

    monkeypatch.setattr(lock, "connect", noted)
    return opened


def take(settings: StoreSettings) -> bool:
    """Take and release the lock; whether it was free at once."""
    with pipeline_lock(settings) as was_free:
        return was_free


def test_a_lock_that_nobody_holds_is_free_at_once(own_database: StoreSettings) -> None:
    assert take(own_database)


def test_the_second_waits_until_the_first_ends(own_database: StoreSettings) -> None:
    with ThreadPoolExecutor(1) as threads:
        with pipeline_lock(own_database) as first_was_free:
            second = threads.submit(take, own_database)
            until_one_waits(own_database)
            assert not second.done()
        assert first_was_free
        assert second.result(WITHIN_SECONDS) is False


def test_no_dropped_row_is_kept_for_who_waits(own_database: StoreSettings) -> None:
    with ThreadPoolExecutor(1) as threads, pipeline_lock(own_database):
        threads.submit(take, own_database)
        until_one_waits(own_database)
        requested = erasures.request(own_database, "ada")
        erasures.mark_scrubbed(own_database, requested.erasure_id, {})
        erasures.complete(own_database, requested.erasure_id, {})
        assert erasures.open_erasures(own_database) == []


def test_a_block_that_fails_gives_the_lock_back(own_database: StoreSettings) -> None:
    with ThreadPoolExecutor(1) as threads:

        def fail_while_another_waits() -> None:
            with pipeline_lock(own_database):
                waiting.append(threads.submit(take, own_database))
                until_one_waits(own_database)
                raise LookupError

        waiting: list[Future[bool]] = []
        with pytest.raises(LookupError):
            fail_while_another_waits()
        assert waiting[0].result(WITHIN_SECONDS) is False


def test_one_at_a_time_holds_the_lock(own_database: StoreSettings) -> None:
    holding = most_at_once = 0

    def hold(_: int) -> None:
        nonlocal holding, most_at_once
        with pipeline_lock(own_database):
            holding += 1
            most_at_once = max(most_at_once, holding)
            time.sleep(0.01)
            holding -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold, range(8)))
    assert most_at_once == 1


def test_a_holder_that_is_killed_frees_the_lock(own_database: StoreSettings) -> None:
    processes = get_context("spawn")
    held = processes.Event()
    holder = processes.Process(target=hold_pipeline_lock, args=(own_database, held))
    holder.start()
    try:
        assert held.wait(WITHIN_SECONDS)
        with ThreadPoolExecutor(1) as threads:
            second = threads.submit(take, own_database)
            until_one_waits(own_database)
            holder.kill()
            assert second.result(WITHIN_SECONDS) is False
    finally:
        holder.kill()
        holder.join()


def test_a_lock_that_was_lost_is_reported_at_the_end(
    own_database: StoreSettings, holders: list[psycopg.Connection]
) -> None:
    with (
        pytest.raises(StoreUnavailable, match="could not hold the pipeline's lock to the end"),
        connect(own_database) as other,
        pipeline_lock(own_database),
    ):
        other.execute("SELECT pg_terminate_backend(%s)", (holders[0].info.backend_pid,))


def test_a_session_that_no_longer_has_the_lock_is_reported_at_the_end(
    own_database: StoreSettings, holders: list[psycopg.Connection]
) -> None:
    with (
        pytest.raises(StoreRejected, match="the session no longer has it"),
        pipeline_lock(own_database),
    ):
        holders[0].execute("SELECT pg_advisory_unlock_all()")


def test_the_server_asks_whether_the_holder_is_there(
    own_database: StoreSettings, holders: list[psycopg.Connection]
) -> None:
    with pipeline_lock(own_database):
        assert holders[0].execute("SHOW tcp_keepalives_idle").fetchone() == ("60",)


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        take(dead_settings)
