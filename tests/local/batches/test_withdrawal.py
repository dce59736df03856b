import pytest

from mpp_local.batches.withdrawal import UnknownBatch, Withdrawal, Withdrawn
from mpp_local.runs.following import RunFailed
from mpp_stores.lake import fingerprint
from tests.local.batches.pipeline import Pipeline


@pytest.fixture(autouse=True)
def published(pipeline: Pipeline) -> None:
    """A release holds the batch a.json."""
    pipeline.landing.mkdir()
    (pipeline.landing / "a.json").write_text("[]")
    pipeline.record_landing("a.json")
    pipeline.publish()


def withdraw(pipeline: Pipeline, batch: str) -> Withdrawn:
    return Withdrawal(pipeline.publication(), pipeline.landing, pipeline.withdrawn).run(batch)


def taken_up(pipeline: Pipeline) -> None:
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json"), pipeline.refresh])


def test_the_file_moves_and_a_release_without_it_is_waited_for(pipeline: Pipeline) -> None:
    before = pipeline.served.release
    taken_up(pipeline)
    withdrawn = withdraw(pipeline, "a.json")
    assert list(pipeline.landing.iterdir()) == []
    assert (pipeline.withdrawn / "a.json").read_text() == "[]"
    assert withdrawn.release == pipeline.served.release != before
    assert not withdrawn.was_withdrawn
    assert withdrawn.is_file_kept


def test_withdrawing_again_does_nothing(pipeline: Pipeline) -> None:
    taken_up(pipeline)
    release = withdraw(pipeline, "a.json").release
    assert withdraw(pipeline, "a.json") == Withdrawn(release, was_withdrawn=True, is_file_kept=True)


def test_withdrawing_again_after_a_failure_offers_the_file_again(pipeline: Pipeline) -> None:
    pipeline.dagster.ticks.extend([lambda: None, lambda: pipeline.land("a.json", succeeds=False)])
    with pytest.raises(RunFailed, match=r"land a\.json failed"):
        withdraw(pipeline, "a.json")
    before = fingerprint(pipeline.withdrawn / "a.json")

    pipeline.dagster = type(pipeline.dagster)()
    taken_up(pipeline)
    assert not withdraw(pipeline, "a.json").was_withdrawn
    assert fingerprint(pipeline.withdrawn / "a.json") != before


def test_a_batch_whose_landed_file_was_deleted_can_still_be_withdrawn(
    pipeline: Pipeline,
) -> None:
    (pipeline.landing / "a.json").unlink()
    taken_up(pipeline)
    assert not withdraw(pipeline, "a.json").was_withdrawn
    assert pipeline.lake.summary("a.json").withdrawn


def test_a_file_that_was_deleted_is_not_kept(pipeline: Pipeline) -> None:
    (pipeline.landing / "a.json").unlink()
    taken_up(pipeline)
    assert not withdraw(pipeline, "a.json").is_file_kept
    assert not withdraw(pipeline, "a.json").is_file_kept


def test_a_file_that_was_empty_is_kept(pipeline: Pipeline) -> None:
    (pipeline.landing / "a.json").write_text("")
    taken_up(pipeline)
    assert withdraw(pipeline, "a.json").is_file_kept


def test_a_batch_that_landed_again_is_withdrawn_again(pipeline: Pipeline) -> None:
    taken_up(pipeline)
    withdraw(pipeline, "a.json")
    (pipeline.landing / "a.json").write_text("[1]")
    taken_up(pipeline)
    assert not withdraw(pipeline, "a.json").was_withdrawn
    assert (pipeline.withdrawn / "a.json").read_text() == "[1]"


@pytest.mark.parametrize("name", ["b.json", "a.jsn", "a"])
def test_an_unknown_batch_is_refused_with_the_names_that_look_alike(
    pipeline: Pipeline, name: str
) -> None:
    with pytest.raises(UnknownBatch, match=r"did you mean a\.json\?"):
        withdraw(pipeline, name)


@pytest.mark.parametrize("name", ["unlike-anything", "../stack", ".", ""])
def test_what_is_no_file_of_the_landing_folder_is_no_batch(pipeline: Pipeline, name: str) -> None:
    (pipeline.landing.parent / "stack").write_text("{}")
    with pytest.raises(UnknownBatch):
        withdraw(pipeline, name)
