import shutil
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mpp_assets.jobs.changed_rows import Changes, write_changes
from mpp_assets.jobs.datasets import spark_schema
from mpp_assets.jobs.store_sink import Incomplete
from mpp_stores.neo4j.writer import EngagedWithEdges
from mpp_stores.records import ENGAGED_WITH_SCHEMA, Materialization
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION

TARGET = "neo4j/engaged_with"
# Far above any number that Postgres gives in a test run.
FIRST, SECOND, THIRD = 2**61, 2**61 + 1, 2**61 + 2
AT = datetime(1999, 5, 1, 8, 30, 0, 123457, tzinfo=UTC)

Engagements = Mapping[tuple[str, str], int]
ENGAGED = {("ada", "tea"): 3, ("ada", "run"): 1, ("bob", "tea"): 2, ("eve", "run"): 7}
LATER = {("ada", "tea"): 3, ("ada", "run"): 2, ("bob", "tea"): 2, ("dan", "run"): 1}


class Pipeline:
    """Writes (user, campaign) and their message counts as one materialization after the other."""

    def __init__(self, spark, settings: StoreSettings, copies: Path) -> None:
        self._spark, self._settings, self.copies = spark, settings, copies
        self._prefix = uuid.uuid4().hex

    def write(
        self,
        engaged: Engagements,
        number: int,
        *,
        after: Materialization | None = None,
        abandoned: tuple[int, ...] = (),
        repeat: int = 1,
    ) -> Changes:
        rows = [
            {
                "user_id": f"{self._prefix}-{user}",
                "campaign_id": f"{self._prefix}-{campaign}",
                "message_count": messages,
                "active_days": 1,
                "first_at": AT,
                "last_at": AT,
            }
            for (user, campaign), messages in engaged.items()
        ]
        return write_changes(
            self._spark.createDataFrame(rows * repeat, spark_schema(ENGAGED_WITH_SCHEMA)),
            TARGET,
            self._settings,
            number,
            copies=self.copies,
            predecessor=after,
            abandoned=abandoned,
        )

    def complete(self, engaged: Engagements, number: int) -> Materialization:
        digest = self.write(engaged, number).digest
        return Materialization(
            number, TARGET, "", "r", AT, AT, digest.row_count, digest.identity_hash
        )

    def read(self, number: int) -> Engagements:
        start = len(self._prefix) + 1
        with EngagedWithEdges(self._settings) as target:
            return {
                (row["user_id"][start:], row["campaign_id"][start:]): row["message_count"]
                for batch in target.read([number])
                for row in batch.to_pylist()
            }


@pytest.fixture
def pipeline(spark, settings, tmp_path) -> Iterator[Pipeline]:
    yield Pipeline(spark, settings, tmp_path / "written")
    with EngagedWithEdges(settings) as target:
        target.drop([FIRST, SECOND, THIRD])


def test_only_what_changed_is_written(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    changes = pipeline.write(LATER, SECOND, after=first)
    assert (changes.digest.row_count, changes.begun, changes.ended) == (4, 2, 2)
    assert pipeline.read(FIRST) == ENGAGED
    assert pipeline.read(SECOND) == LATER


def test_the_first_is_written_whole(pipeline):
    changes = pipeline.write(ENGAGED, FIRST)
    assert (changes.digest.row_count, changes.begun, changes.ended) == (4, 4, 0)
    assert pipeline.read(FIRST) == ENGAGED


def test_nothing_is_written_where_nothing_changed(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    changes = pipeline.write(ENGAGED, SECOND, after=first)
    assert (changes.begun, changes.ended) == (0, 0)
    assert pipeline.read(SECOND) == ENGAGED


def test_every_row_can_end(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    changes = pipeline.write({}, SECOND, after=first)
    assert (changes.digest.row_count, changes.begun, changes.ended) == (0, 0, 4)
    assert pipeline.read(SECOND) == {}


def test_what_was_written_is_kept_of_the_newest_alone(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    pipeline.write(LATER, SECOND, after=first)
    assert [copy.name for copy in pipeline.copies.iterdir()] == [f"{MATERIALIZATION}={SECOND}"]


def test_all_is_written_again_to_a_store_that_lost_rows(pipeline, settings):
    first = pipeline.complete(ENGAGED, FIRST)
    with EngagedWithEdges(settings) as target:
        target.drop([FIRST])
    changes = pipeline.write(LATER, SECOND, after=first)
    assert changes.begun == 4
    assert pipeline.read(SECOND) == LATER


def test_all_is_written_again_where_nobody_knows_what_was_written(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    shutil.rmtree(pipeline.copies / f"{MATERIALIZATION}={FIRST}")
    assert pipeline.write(LATER, SECOND, after=first).begun == 4
    assert pipeline.read(FIRST) == ENGAGED
    assert pipeline.read(SECOND) == LATER


def test_what_was_never_completed_is_taken_back(pipeline):
    first = pipeline.complete(ENGAGED, FIRST)
    pipeline.write({("eve", "run"): 1, ("zoe", "tea"): 1}, SECOND, after=first)
    again = pipeline.write(LATER, THIRD, after=first, abandoned=(SECOND,))
    assert again.digest.row_count == 4
    assert pipeline.read(FIRST) == ENGAGED
    assert pipeline.read(THIRD) == LATER


def test_two_rows_of_one_identity_are_noticed(pipeline):
    with pytest.raises(Incomplete, match=TARGET):
        pipeline.write(ENGAGED, FIRST, repeat=2)
