"""Vectors of two models, in a pipeline of the test's own, as Dagster runs it."""

from datetime import date

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpp_assets.defs.conversations.checks import one_model_embedded_all_days
from mpp_assets.defs.serving.assets import serving_release
from mpp_assets.resources import Platform
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.lake import Lake
from mpp_stores.postgres.releases import releases
from mpp_stores.settings import StoreSettings
from tests.assets.defs.lone_check import evaluate

FIRST_DAY, SECOND_DAY, THIRD_DAY = (date(2026, 1, day) for day in (5, 6, 7))


@pytest.fixture
def lake(own_pipeline: StoreSettings) -> Lake:
    return Lake(own_pipeline.lake)


def embed(lake: Lake, day: date, *models: str | None) -> None:
    """One message of the day for each model; None: by a version that noted no model."""
    for number, model in enumerate(models):
        columns = {"message_id": [f"m{number}"], "embedding": [[0.6, 0.8]]}
        named = columns if model is None else columns | {"embedding_model": [model]}
        folder = lake.message_embeddings / f"event_day={day}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(named), folder / f"part-{number}.parquet")


def test_a_lake_tells_the_days_of_each_model(lake):
    assert lake.days_by_embedding_model() == {}
    embed(lake, FIRST_DAY, "old", "old")
    embed(lake, SECOND_DAY, "new", "old")
    embed(lake, THIRD_DAY, None)
    assert lake.days_by_embedding_model() == {
        "old": [FIRST_DAY, SECOND_DAY],
        "new": [SECOND_DAY],
        "": [THIRD_DAY],
    }


@pytest.mark.parametrize("other", ["another-model", None])
def test_days_of_another_model_are_named_and_not_published(lake, own_database, other):
    embed(lake, FIRST_DAY, BUNDLED_MODEL)
    embed(lake, SECOND_DAY, other)
    evaluation = evaluate(one_model_embedded_all_days)
    assert not evaluation.passed
    assert evaluation.metadata["offending"].value == {other or "": [SECOND_DAY.isoformat()]}
    published = dg.materialize(
        [serving_release], resources={"platform": Platform()}, raise_on_error=False
    )
    assert not published.success
    [failure] = published.get_step_failure_events()
    assert "materialize all days in one run" in failure.step_failure_data.error.message
    assert releases(own_database, 1) == []


def test_days_of_the_one_model_pass(lake):
    embed(lake, FIRST_DAY, BUNDLED_MODEL)
    embed(lake, SECOND_DAY, BUNDLED_MODEL)
    evaluation = evaluate(one_model_embedded_all_days)
    assert evaluation.passed
