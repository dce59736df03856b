"""Which releases can be gone back to after another, in a pipeline of the test's own."""

from datetime import date
from itertools import count

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpp_assets.definitions import definitions
from mpp_assets.defs.campaigns.assets import campaigns
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.reporting.assets import analytics_report
from mpp_assets.defs.serving.assets import PUBLISHED, RENEWED_TAG, serving_release
from mpp_assets.jobs.store_sink import NO_PARTITION
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreRejected
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres.materializations import begin, complete
from mpp_stores.postgres.releases import contents, current_release, releases, rollback
from mpp_stores.reports import JSON_NAME, NAMES, report_folder
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING
from tests.materialized import drop_everything, start_numbers_far_away

DAY = date(2026, 1, 5).isoformat()
KEPT = 2


@pytest.fixture
def settings(own_pipeline: StoreSettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPP_KEPT_RELEASES", str(KEPT))
    start_numbers_far_away(own_pipeline)
    yield own_pipeline
    drop_everything(own_pipeline)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that readers were left to go on, each time."""
    waits = list[float]()
    monkeypatch.setattr("mpp_assets.defs.serving.assets.sleep", waits.append)
    return waits


@pytest.fixture
def publish(settings: StoreSettings, waits: list[float]):
    """One more release, of a batch that landed and whose day was refreshed; returns its id."""
    names = count(1)

    def publish(batch: str | None = None, *, events: int = 0, withdrawn: bool = False) -> str:
        batch = batch or f"{next(names)}.json"
        landing = _begin(settings, landed_events, batch)
        lake = Lake(settings.lake)
        rows = lake.landed(batch, landing)
        rows.mkdir(parents=True)
        pq.write_table(pa.table({"position": range(events)}), rows / "part-0.parquet")
        lake.write_summary(
            BatchSummary(batch, landing, "", withdrawn, events, events, 0, 0, {}, [], [DAY])
        )
        for asset in PUBLISHED:
            number = _begin(settings, asset, NO_PARTITION if asset.partitions_def is None else DAY)
            if asset is analytics_report:
                _write_report(settings, number)
            complete(settings, {number: NOTHING})
        dg.materialize([serving_release], resources={"platform": Platform()})
        [published] = releases(settings, 1)
        return published.release_id

    return publish


def _begin(settings: StoreSettings, asset: dg.AssetsDefinition, partition: str) -> int:
    [number] = begin(
        settings,
        asset=asset.key.to_user_string(),
        partitions=[partition],
        dagster_run_id="r",
    ).values()
    return number


def _write_report(settings: StoreSettings, number: int) -> None:
    folder = report_folder(settings.reports, number)
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(str(number))


def kept(settings: StoreSettings) -> list[str]:
    """The ids, published last first."""
    return [release.release_id for release in releases(settings, 10) if release.is_kept]


def test_as_many_releases_are_kept_as_the_setting_says(settings, publish):
    published = [publish() for _ in range(KEPT + 1)]
    assert kept(settings) == published[: -KEPT - 1 : -1]
    rollback(settings, published[-2])


def test_no_release_is_kept_that_holds_a_withdrawn_batch(settings, publish):
    former = publish("a.json", events=1)
    without = publish("a.json", withdrawn=True)
    assert kept(settings) == [without]
    with pytest.raises(StoreRejected, match="no longer kept"):
        rollback(settings, former)


def test_a_withdrawn_batch_of_which_no_release_had_an_event_retires_none(settings, publish):
    former = publish("a.json")
    without = publish("a.json", withdrawn=True)
    assert kept(settings) == [without, former]


def test_a_run_that_renews_the_campaigns_publishes_nothing_else(settings, publish):
    """Such as what a blocking check has just stopped, or what was gone back from."""
    former = publish()
    publish()
    rollback(settings, former)
    refused = _begin(settings, analytics_report, NO_PARTITION)
    _write_report(settings, refused)
    complete(settings, {refused: NOTHING})
    number = _begin(settings, campaigns, NO_PARTITION)
    complete(settings, {number: NOTHING})
    before = {each.materialization for each in contents(settings, former)}
    job = definitions.get_repository_def().get_job("publish_campaigns")
    dg.materialize([serving_release], resources={"platform": Platform()}, tags=job.tags)
    renewed = current_release(settings)
    assert renewed is not None
    assert renewed.predecessor == former
    after = {each.materialization for each in contents(settings, renewed.release_id)}
    assert after - before == {number}
    assert len(after) == len(before)
    assert str(refused) not in (settings.reports / JSON_NAME).read_text()


def test_before_the_first_release_there_is_nothing_to_renew(settings):
    tags = {RENEWED_TAG: "postgres/campaigns"}
    failed = dg.materialize(
        [serving_release], resources={"platform": Platform()}, tags=tags, raise_on_error=False
    )
    assert not failed.success
    assert current_release(settings) is None


def test_readers_may_go_on_with_a_release_before_its_rows_are_dropped(settings, publish, waits):
    first, *_ = [publish() for _ in range(KEPT)]
    rollback(settings, first)
    assert waits == []
    publish()
    assert first not in kept(settings)
    assert len(waits) == 1
