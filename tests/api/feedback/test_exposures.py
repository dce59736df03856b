"""What replies showed reaches Postgres behind them, or is counted as lost."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mpp_api.feedback import exposures
from mpp_api.feedback.exposures import ExposureLog, open_exposure_log
from mpp_api.metrics.service import Metrics
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.resilience.guards import Guards
from mpp_api.settings import ApiSettings
from mpp_stores.breaker import Breakers
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import Exposure, Release
from tests.api.addresses import free_port, postgres_also_at, postgres_at, without
from tests.api.conftest import serving
from tests.api.dataset import Dataset

WRITTEN_WITHIN_SECONDS = 30


def logged(settings: ApiSettings, request_id: str) -> list[tuple[Any, ...]]:
    with connect(settings) as connection:
        return connection.execute(
            "SELECT user_id, campaign_id, rank, strategy, release_id FROM mpp.exposures"
            " WHERE request_id = %s ORDER BY rank",
            (request_id,),
        ).fetchall()


async def test_what_a_reply_showed_is_logged_with_its_request_and_ranks_from_the_cache_too(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    ada = dataset.id("ada")
    async with serving(api_settings) as client:
        replies = [await client.get(f"/recommendations/{ada}?limit=2") for _ in range(2)]
    assert [reply.headers["X-Cache"] for reply in replies] == ["miss", "hit"]
    shown = [
        (ada, item["campaign_id"], item["rank"], "hybrid", new_release.release_id)
        for item in replies[0].json()["items"]
    ]
    assert len(shown) == 2
    for reply in replies:
        assert logged(api_settings, reply.headers["X-Request-Id"]) == shown


@dataclass(frozen=True)
class Service:
    """The part of the app that logs exposures, at the addresses of `settings`."""

    settings: ApiSettings
    metrics: Metrics = field(default_factory=Metrics)

    @asynccontextmanager
    async def logging(self, **limits: int) -> AsyncIterator[ExposureLog]:
        tables, store = TableReader(self.settings), FeedbackStore(self.settings)
        guards = Guards(Breakers(), self.metrics, timeout_seconds=1)
        releases = ReleaseWatch(
            tables, guards, recheck_seconds=3600, timeout_seconds=1, stale_after=timedelta(days=1)
        )
        try:
            async with open_exposure_log(store, releases, self.metrics, **limits) as log:
                yield log
        finally:
            await tables.close()
            await store.close()

    def counted(self, outcome: str) -> float:
        sample = f'mpp_api_exposures_total{{outcome="{outcome}"}} '
        lines = self.metrics.exposition(None).decode().splitlines()
        return sum(float(line.removeprefix(sample)) for line in lines if line.startswith(sample))


def shown(campaign_id: str = "boots") -> Exposure:
    return Exposure(uuid.uuid4().hex, None, (campaign_id,), "trending", "r1", datetime.now(UTC))


async def test_what_was_shown_while_postgres_was_down_is_written_when_it_is_back(
    empty_settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposures, "FLUSH_SECONDS", 0)
    monkeypatch.setattr(exposures, "RETRY_SECONDS", 0.05)
    port = free_port()
    service = Service(postgres_at(empty_settings, host="127.0.0.1", port=port))
    before, during = shown(), shown()
    async with service.logging() as log:
        log.note(before)
        await asyncio.sleep(0.1)
        log.note(during)
        assert service.counted("stored") == 0
        async with postgres_also_at(port, empty_settings):
            give_up = time.monotonic() + WRITTEN_WITHIN_SECONDS
            while service.counted("stored") < 2:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.05)
    assert service.counted("dropped") == 0
    for exposure in (before, during):
        expected = [(None, "boots", 1, "trending", "r1")]
        assert logged(empty_settings, exposure.request_id) == expected


async def test_a_full_queue_drops_what_comes_next_and_counts_it(
    empty_settings: ApiSettings,
) -> None:
    service = Service(empty_settings)
    kept = [shown(), shown()]
    async with service.logging(queue_length=2) as log:
        for exposure in (*kept, shown(), shown(), shown()):
            log.note(exposure)
    assert (service.counted("stored"), service.counted("dropped")) == (2, 3)
    assert all(logged(empty_settings, exposure.request_id) for exposure in kept)


async def test_what_cannot_be_written_at_the_end_is_counted_as_dropped(
    empty_settings: ApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(without(empty_settings, "postgres"))
    async with service.logging() as log:
        log.note(shown())
        log.note(shown())
    assert (service.counted("stored"), service.counted("dropped")) == (0, 2)
    assert "2 exposures were not written" in caplog.text


async def test_what_postgres_refuses_is_dropped_and_keeps_nothing_else_from_being_written(
    empty_settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exposures, "REPLIES_A_BATCH", 1)
    service = Service(empty_settings)
    fine = shown()
    async with service.logging() as log:
        log.note(shown("nul\x00"))
        log.note(fine)
    assert (service.counted("stored"), service.counted("dropped")) == (1, 1)
    assert logged(empty_settings, fine.request_id)


async def test_a_reply_without_campaigns_showed_nothing(empty_settings: ApiSettings) -> None:
    service = Service(empty_settings)
    async with service.logging() as log:
        log.note(Exposure(uuid.uuid4().hex, None, (), "trending", "r1", datetime.now(UTC)))
    assert (service.counted("stored"), service.counted("dropped")) == (0, 0)
