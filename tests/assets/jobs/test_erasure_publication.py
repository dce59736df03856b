"""What an erasure waits for: the batches there were when the files were scrubbed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mpp_assets.jobs.erasure import is_published_without
from mpp_assets.jobs.retention import LANDED_EVENTS
from mpp_stores.lake import BatchSummary, Lake, fingerprint
from mpp_stores.postgres import materializations
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING

DAY = "1999-06-01"


@pytest.fixture
def own(own_database: StoreSettings, tmp_path: Path) -> StoreSettings:
    settings = own_database.model_copy(update={"home": tmp_path})
    settings.landing.mkdir()
    return settings


def write(settings: StoreSettings, batch: str, text: str) -> None:
    (settings.landing / batch).write_text(text)


def land(settings: StoreSettings, batch: str) -> int:
    [number] = materializations.begin(
        settings, asset=LANDED_EVENTS, partitions=[batch], dagster_run_id="r"
    ).values()
    found = fingerprint(settings.landing / batch)
    Lake(settings.lake).write_summary(
        BatchSummary(batch, number, found, False, 0, 0, 0, 0, {}, [DAY], [DAY])
    )
    return number


def publish(settings: StoreSettings, landing: int) -> None:
    materializations.complete(settings, {landing: NOTHING})


def is_published(settings: StoreSettings, scrubbed_at: datetime) -> bool:
    return is_published_without(settings, Lake(settings.lake), scrubbed_at)


def test_a_batch_that_was_scrubbed_is_waited_for_until_it_is_published_as_it_is_now(own):
    write(own, "a.jsonl", "of ada and ben")
    publish(own, land(own, "a.jsonl"))
    write(own, "a.jsonl", "of ben")
    scrubbed_at = datetime.now(UTC)
    assert not is_published(own, scrubbed_at)
    landing = land(own, "a.jsonl")
    assert not is_published(own, scrubbed_at)
    publish(own, landing)
    assert is_published(own, scrubbed_at)


def test_a_file_that_never_landed_is_not_waited_for(own):
    write(own, "a.jsonl", "of ben")
    publish(own, land(own, "a.jsonl"))
    write(own, "cannot land.jsonl", "of ben")
    partitions = ["cannot land.jsonl"]
    materializations.begin(own, asset=LANDED_EVENTS, partitions=partitions, dagster_run_id="r")
    assert is_published(own, datetime.now(UTC))


def test_batches_that_keep_coming_are_not_waited_for(own):
    write(own, "a.jsonl", "of ben")
    publish(own, land(own, "a.jsonl"))
    scrubbed_at = datetime.now(UTC)
    write(own, "b.jsonl", "of cid")
    assert is_published(own, scrubbed_at)
    land(own, "b.jsonl")
    assert is_published(own, scrubbed_at)
