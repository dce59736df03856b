"""The order of an ingest, with a Dagster that only remembers; the real one is tested end to end."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mpp_local.dagster_client import INGEST_TAG, DagsterClient, Landing
from mpp_local.ingest import Ingest, IngestSummary, RunFailed
from mpp_local.run_events import AssetMaterialized, RunEnded, RunEvent


class RememberedDagster(DagsterClient):
    """Runs end at once. Its landings touch `days`; runs of jobs in `failing` fail."""

    def __init__(self) -> None:
        self.days = ["1999-03-01"]
        self.failing: set[str] = set()
        self.launched: list[tuple[str, str, str]] = []
        self._landings: dict[str, list[Landing]] = {}
        self._refreshed: set[str] = set()

    def add_partition(self, partitions: str, key: str) -> None:
        self._landings.setdefault(key, [])

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        ingest_id = tags[INGEST_TAG]
        batch = tags.get("dagster/partition")
        first = tags.get("dagster/asset_partition_range_start", batch or "")
        last = tags.get("dagster/asset_partition_range_end", batch or "")
        self.launched.append((job, first, last))
        if batch is not None:
            self._landings[batch].insert(0, Landing(ingest_id, self.days))
        elif job == "refresh" and job not in self.failing:
            self._refreshed.add(ingest_id)
        return job

    def follow(self, run_id: str) -> Iterator[RunEvent | None]:
        if run_id == "land":
            metadata = {"touched_days": self.days}
            yield AssetMaterialized("landed", "lake/landed_events", metadata, 1.0)
        if run_id == "refresh":
            metadata = {"written": 2, "swept": 1, "dagster/row_count": 5, "release_id": "r1"}
            yield AssetMaterialized("table", "postgres/user_engagement", metadata, 1.0)
        yield RunEnded(succeeded=run_id not in self.failing, message="no", at=2.0)

    def landings(self, batch: str) -> list[Landing]:
        return self._landings.get(batch, [])

    def has_succeeded(self, job: str, ingest_id: str) -> bool:
        return job == "refresh" and ingest_id in self._refreshed


@pytest.fixture
def dagster() -> RememberedDagster:
    return RememberedDagster()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.json"
    path.write_text("[]")
    return path


def ingest(dagster: RememberedDagster, *files: Path, force: bool = False) -> IngestSummary:
    """Run an ingest and forget what earlier ones launched."""
    dagster.launched.clear()
    landing = files[0].parent / "landing"
    return Ingest(dagster, landing, lambda run, changed: None).run(files, force=force)


def test_a_file_is_landed_and_its_days_refreshed(dagster: RememberedDagster, file: Path) -> None:
    summary = ingest(dagster, file)
    assert dagster.launched == [
        ("land", "a.json", "a.json"),
        ("refresh", "1999-03-01", "1999-03-01"),
    ]
    assert summary.release_id == "r1"
    target = summary.targets["postgres/user_engagement"]
    assert (target.written, target.swept, target.rows) == (2, 1, 5)


def test_only_the_last_of_several_ranges_publishes(dagster: RememberedDagster, file: Path) -> None:
    dagster.days = ["1999-03-09", "1999-03-01", "1999-03-02"]
    ingest(dagster, file)
    assert dagster.launched[1:] == [
        ("refresh_days", "1999-03-01", "1999-03-02"),
        ("refresh", "1999-03-09", "1999-03-09"),
    ]


def test_a_file_without_an_accepted_event_refreshes_nothing(
    dagster: RememberedDagster, file: Path
) -> None:
    dagster.days = []
    assert ingest(dagster, file).release_id is None
    assert dagster.launched == [("land", "a.json", "a.json")]


def test_a_released_file_is_skipped_until_its_bytes_change(
    dagster: RememberedDagster, file: Path
) -> None:
    ingest(dagster, file)
    assert ingest(dagster, file).unchanged == ["a.json"]
    assert dagster.launched == []
    file.write_text("[1]")
    assert ingest(dagster, file).unchanged == []


def test_force_repeats_a_released_file(dagster: RememberedDagster, file: Path) -> None:
    ingest(dagster, file)
    ingest(dagster, file, force=True)
    assert [job for job, _, _ in dagster.launched] == ["land", "refresh"]


def test_an_ingest_after_one_that_failed_takes_over_the_days_it_touched(
    dagster: RememberedDagster, file: Path
) -> None:
    dagster.failing = {"refresh"}
    with pytest.raises(RunFailed, match="refresh 1999-03-01 failed: no"):
        ingest(dagster, file)
    dagster.failing, dagster.days = set(), ["1999-03-02"]
    ingest(dagster, file)
    assert dagster.launched[-1] == ("refresh", "1999-03-01", "1999-03-02")


def test_a_failed_landing_refreshes_nothing(dagster: RememberedDagster, file: Path) -> None:
    dagster.failing = {"land"}
    with pytest.raises(RunFailed, match=r"land a\.json failed"):
        ingest(dagster, file)
    assert [job for job, _, _ in dagster.launched] == ["land"]
