"""Each check of the lake's events and vectors, over what is right and what is not."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pytest

from mpp_assets.defs.conversations.assets import conversation_events, message_embeddings
from mpp_assets.defs.conversations.checks import (
    has_required_fields,
    message_ids_are_unique,
    vectors_are_unit_vectors,
    volume_is_usual,
)
from mpp_assets.jobs.datasets import replace_days, spark_schema
from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA, MESSAGE_EMBEDDING_SCHEMA, Lake
from mpp_stores.postgres.materializations import begin, complete
from mpp_stores.records import EMBEDDING_DIMENSION
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest
from tests.assets.defs.lone_check import evaluate
from tests.assets.jobs.conversation_rows import event

Row = dict[str, Any]

UNIT = [1.0] + [0.0] * (EMBEDDING_DIMENSION - 1)
ROWS = [
    event("ada", "spring", f"1999-05-0{day}T10:00:00") | {"embedding": UNIT, "embedding_model": "m"}
    for day in (1, 2)
]
FIRST, SECOND = (row["message_id"] for row in ROWS)
DAYS = [row["event_day"] for row in ROWS]


@pytest.fixture
def write(spark, own_pipeline: StoreSettings) -> Callable[[list[Row]], None]:
    """Makes these rows the lake's events and vectors of both days."""
    lake = Lake(own_pipeline.lake)

    def write(rows: list[Row]) -> None:
        for asset, path, schema in (
            (conversation_events, lake.conversation_events, CONVERSATION_EVENT_SCHEMA),
            (message_embeddings, lake.message_embeddings, MESSAGE_EMBEDDING_SCHEMA),
        ):
            of_schema = [{name: row[name] for name in schema.names} for row in rows]
            replace_days(spark.createDataFrame(of_schema, spark_schema(schema)), path, DAYS)
            materialize(own_pipeline, asset, dict.fromkeys(DAYS, 1))

    return write


def materialize(
    settings: StoreSettings, asset: dg.AssetsDefinition, row_counts: dict[date, int]
) -> None:
    numbers = begin(
        settings,
        asset=asset.key.to_user_string(),
        partitions=[day.isoformat() for day in row_counts],
        dagster_run_id="r",
    )
    counts = zip(numbers.values(), row_counts.values(), strict=True)
    complete(settings, {number: Digest(count, 0) for number, count in counts})


@pytest.mark.parametrize(
    ("check", "spoiled", "offending"),
    [
        (has_required_fields, {"text": None}, {"text": [FIRST]}),
        (message_ids_are_unique, {"message_id": SECOND}, {"repeated": [SECOND]}),
        (vectors_are_unit_vectors, {"embedding": [2 * x for x in UNIT]}, {"norm": [FIRST]}),
        (vectors_are_unit_vectors, {"embedding": UNIT[1:]}, {"dimension": [FIRST]}),
    ],
)
def test_a_check_passes_over_what_is_right_and_names_the_one_row_that_is_not(
    write, check: dg.AssetChecksDefinition, spoiled: Row, offending: Row
):
    first, second = ROWS
    write([first, second])
    right = evaluate(check)
    write([first | spoiled, second])
    wrong = evaluate(check)
    assert (right.passed, right.metadata["offending"].value) == (True, {})
    assert (wrong.passed, wrong.metadata["offending"].value) == (False, offending)
    assert wrong.severity == dg.AssetCheckSeverity.ERROR


def test_a_day_with_a_tenth_of_the_usual_messages_is_a_warning(own_pipeline):
    usual = {DAYS[0] + timedelta(days=ago): 100 for ago in range(8)}
    materialize(own_pipeline, conversation_events, usual)
    assert evaluate(volume_is_usual).passed
    last = max(usual)
    materialize(own_pipeline, conversation_events, {last: 10})
    unusual = evaluate(volume_is_usual)
    assert not unusual.passed
    assert unusual.severity == dg.AssetCheckSeverity.WARN
    assert list(unusual.metadata["offending"].value) == [last.isoformat()]
