"""What an ingest waits for, with a Dagster that only remembers."""

from pathlib import Path

import pytest

from mpp_local.batches.ingest import Ingest, IngestSummary, would_be_first
from mpp_local.runs.following import RunFailed
from mpp_stores.lake import fingerprint
from tests.local.batches.pipeline import Pipeline


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.json"
    path.write_text("[]")
    return path


def ingest(pipeline: Pipeline, *files: Path, force: bool = False) -> IngestSummary:
    return Ingest(pipeline.publication(), pipeline.landing).run(files, force=force)


def taken_up(pipeline: Pipeline, *batches: str) -> None:
    """The sensors see the files at the second look, the first being the command's own."""
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land(*batches), pipeline.refresh])


def test_a_file_is_landed_and_waited_for_until_a_release_holds_it(
    pipeline: Pipeline, file: Path
) -> None:
    taken_up(pipeline, "a.json")
    summary = ingest(pipeline, file)
    assert (pipeline.landing / "a.json").read_text() == "[]"
    assert list(pipeline.landing.iterdir()) == [pipeline.landing / "a.json"]
    [batch] = summary.batches
    assert (batch.batch, batch.accepted) == ("a.json", 2)
    assert summary.release == pipeline.served.release is not None
    assert summary.written == {"mongo/conversations": 2}
    assert [check.check for check in summary.failed_checks] == ["few"]


def test_a_file_without_an_accepted_event_needs_no_release(pipeline: Pipeline, file: Path) -> None:
    pipeline.days = []
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json")])
    summary = ingest(pipeline, file)
    assert summary.release is None
    assert [batch.batch for batch in summary.batches] == ["a.json"]


def test_a_published_file_is_skipped_until_its_bytes_change(pipeline: Pipeline, file: Path) -> None:
    taken_up(pipeline, "a.json")
    ingest(pipeline, file)
    before = fingerprint(pipeline.landing / "a.json")
    assert ingest(pipeline, file).unchanged == ["a.json"]
    assert fingerprint(pipeline.landing / "a.json") == before
    file.write_text("[1]")
    taken_up(pipeline, "a.json")
    assert ingest(pipeline, file).unchanged == []
    assert (pipeline.landing / "a.json").read_text() == "[1]"


def test_a_file_already_in_the_landing_folder_stays(pipeline: Pipeline) -> None:
    pipeline.landing.mkdir()
    (pipeline.landing / "a.json").write_text("[1]")
    taken_up(pipeline, "a.json")
    assert ingest(pipeline, pipeline.landing / "a.json").release is not None
    assert (pipeline.landing / "a.json").read_text() == "[1]"


def test_force_offers_a_published_file_again(pipeline: Pipeline, file: Path) -> None:
    taken_up(pipeline, "a.json")
    first = ingest(pipeline, file)
    taken_up(pipeline, "a.json")
    second = ingest(pipeline, file, force=True)
    assert second.batches[0].landing > first.batches[0].landing
    assert second.batches[0].fingerprint != first.batches[0].fingerprint


def test_a_file_whose_refresh_failed_is_offered_again(pipeline: Pipeline, file: Path) -> None:
    pipeline.dagster.ticks.extend(
        [
            lambda: None,
            lambda: pipeline.land("a.json"),
            lambda: pipeline.refresh(succeeds=False),
        ]
    )
    with pytest.raises(RunFailed, match="refresh failed: no"):
        ingest(pipeline, file)
    before = fingerprint(pipeline.landing / "a.json")

    pipeline.dagster = type(pipeline.dagster)()
    taken_up(pipeline, "a.json")
    assert ingest(pipeline, file).release is not None
    assert fingerprint(pipeline.landing / "a.json") != before


def test_a_file_that_is_on_its_way_is_only_watched(pipeline: Pipeline, file: Path) -> None:
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json", succeeds=False)])
    with pytest.raises(RunFailed):
        ingest(pipeline, file)
    before = fingerprint(pipeline.landing / "a.json")

    pipeline.dagster = type(pipeline.dagster)()
    pipeline.land("a.json")
    pipeline.dagster.ticks.extend([lambda: None, pipeline.refresh])
    assert ingest(pipeline, file).release is not None
    assert fingerprint(pipeline.landing / "a.json") == before


def test_a_withdrawn_file_that_came_back_unchanged_is_taken_again(
    pipeline: Pipeline, file: Path
) -> None:
    taken_up(pipeline, "a.json")
    ingest(pipeline, file)
    elsewhere = (pipeline.landing / "a.json").rename(pipeline.withdrawn / "a.json")
    pipeline.record_landing("a.json")
    pipeline.publish()
    elsewhere.rename(pipeline.landing / "a.json")
    taken_up(pipeline, "a.json")
    summary = ingest(pipeline, file)
    assert summary.unchanged == []
    assert not summary.batches[0].withdrawn


def test_a_run_that_lands_several_batches_may_fail_for_another_one(
    pipeline: Pipeline, file: Path
) -> None:
    def land_one_of_two() -> None:
        pipeline.dagster.start(
            "land", effect=lambda: pipeline.record_landing("a.json"), succeeds=False
        )

    pipeline.dagster.ticks.extend([lambda: None, land_one_of_two, pipeline.refresh])
    assert ingest(pipeline, file).release is not None


def test_the_landing_of_another_batch_is_not_followed(pipeline: Pipeline, file: Path) -> None:
    pipeline.land("b.json", succeeds=False)
    taken_up(pipeline, "a.json")
    assert ingest(pipeline, file).release is not None


def test_a_landed_file_that_vanishes_is_named(pipeline: Pipeline, file: Path) -> None:
    def vanish() -> None:
        (pipeline.landing / "a.json").unlink()

    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json"), vanish])
    with pytest.raises(FileNotFoundError, match=r"a\.json"):
        ingest(pipeline, file)


def is_first(pipeline: Pipeline, *files: Path) -> bool:
    return would_be_first(files, pipeline.publication(), pipeline.landing, pipeline.withdrawn)


def test_files_are_the_first_until_a_release_holds_them(pipeline: Pipeline, file: Path) -> None:
    assert is_first(pipeline, file)
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json", succeeds=False)])
    with pytest.raises(RunFailed):
        ingest(pipeline, file)
    assert is_first(pipeline, file)
    pipeline.record_landing("a.json")
    assert is_first(pipeline, file)
    pipeline.publish()
    assert not is_first(pipeline, file)


def test_nothing_is_the_first_after_something_else(pipeline: Pipeline, file: Path) -> None:
    pipeline.landing.mkdir()
    (pipeline.landing / "own.json").write_text("[]")
    assert not is_first(pipeline, file)
    pipeline.record_landing("own.json")
    (pipeline.landing / "own.json").unlink()
    assert not is_first(pipeline, file)


def test_what_was_withdrawn_is_not_the_first(pipeline: Pipeline, file: Path) -> None:
    (pipeline.withdrawn / "a.json").write_text("[]")
    assert not is_first(pipeline, file)
