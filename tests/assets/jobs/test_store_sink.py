from collections.abc import Iterator
from datetime import date

import pytest
from pyspark.errors import PySparkException

from mpp_assets.jobs.store_sink import NO_PARTITION, Incomplete, write_rows
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest, identity_hash
from mpp_stores.targets import open_target
from tests.assets.jobs.conversation_rows import event, events

TARGET = "mongo/conversations"
GRAPH_TARGET = "neo4j/messages"
DAY, NEXT_DAY, EMPTY_DAY = "1999-03-01", "1999-03-02", "1999-03-03"
# Far above any number that Postgres gives in a test run.
NUMBERS = {DAY: 900_001, NEXT_DAY: 900_002, EMPTY_DAY: 900_003}
LATER_NUMBERS = {DAY: 900_011}
ROWS = [event(f"sink-{n}", "c", f"1999-03-0{1 + n % 2}T10:00:{n:02}") for n in range(20)]


@pytest.fixture(autouse=True)
def dropped(settings: StoreSettings) -> Iterator[None]:
    """The numbers of these tests, without rows before and after."""
    every_number = [*NUMBERS.values(), *LATER_NUMBERS.values()]
    with open_target(TARGET, settings) as target, open_target(GRAPH_TARGET, settings) as graph:
        for each in (target, graph):
            each.prepare()
            each.drop(every_number)
        yield
        for each in (target, graph):
            each.drop(every_number)


def ids(settings: StoreSettings, *numbers: int) -> set[str]:
    with open_target(TARGET, settings) as target:
        return {row["message_id"] for batch in target.read(numbers) for row in batch.to_pylist()}


def of_day(day: str) -> list[str]:
    return [row["message_id"] for row in ROWS if row["event_day"] == date.fromisoformat(day)]


def test_rows_reach_the_store_from_several_partitions_under_the_number_of_their_day(
    spark, settings
):
    digests = write_rows(events(spark, ROWS).repartition(3), TARGET, settings, NUMBERS)
    assert ids(settings, NUMBERS[DAY]) == set(of_day(DAY))
    assert ids(settings, NUMBERS[NEXT_DAY]) == set(of_day(NEXT_DAY))
    assert digests == {
        NUMBERS[DAY]: Digest(10, sum(identity_hash([id_]) for id_ in of_day(DAY))),
        NUMBERS[NEXT_DAY]: Digest(10, sum(identity_hash([id_]) for id_ in of_day(NEXT_DAY))),
        NUMBERS[EMPTY_DAY]: NOTHING,
    }


def test_a_second_write_of_the_same_rows_changes_nothing(spark, settings):
    first, second = (write_rows(events(spark, ROWS), TARGET, settings, NUMBERS) for _ in range(2))
    assert first == second


def test_a_later_materialization_leaves_the_rows_of_the_one_before(spark, settings):
    write_rows(events(spark, ROWS), TARGET, settings, NUMBERS)
    kept = [row for row in ROWS if row["event_day"] == date.fromisoformat(DAY)][:3]
    write_rows(events(spark, kept), TARGET, settings, LATER_NUMBERS)
    assert len(ids(settings, NUMBERS[DAY])) == 10
    assert len(ids(settings, LATER_NUMBERS[DAY])) == 3


def test_rows_of_no_partition_have_one_number(spark, settings):
    number = NUMBERS[DAY]
    digests = write_rows(events(spark, ROWS), TARGET, settings, {NO_PARTITION: number})
    assert digests[number].row_count == len(ids(settings, number)) == 20


@pytest.mark.parametrize(("target_name", "writers"), [(TARGET, 3), (GRAPH_TARGET, 1)])
def test_only_the_graph_has_one_writer(spark, settings, target_name, writers):
    """Writers of one graph wait for each other's locks, or lose them."""
    group = f"writers of {target_name}"
    spark.sparkContext.setJobGroup(group, group)
    digests = write_rows(events(spark, ROWS).repartition(3), target_name, settings, NUMBERS)
    assert digests[NUMBERS[DAY]].row_count == 10
    jobs = spark.sparkContext.statusTracker()
    stages = [
        jobs.getStageInfo(stage)
        for job in jobs.getJobIdsForGroup(group)
        for stage in jobs.getJobInfo(job).stageIds
    ]
    assert max(stages, key=lambda stage: stage.stageId).numTasks == writers


def test_two_rows_of_one_identity_are_noticed(spark, settings):
    with pytest.raises(Incomplete, match=TARGET):
        write_rows(events(spark, [*ROWS, ROWS[0]]), TARGET, settings, NUMBERS)


def test_a_store_that_refuses_a_row_fails_the_write(spark, settings):
    without_time = [ROWS[0] | {"sent_at": None}]
    with pytest.raises(PySparkException, match=r"sent_at|mongo"):
        write_rows(events(spark, without_time), TARGET, settings, NUMBERS)


def test_an_unknown_target_is_named(spark, settings):
    with pytest.raises(KeyError, match="no target 'mongo/nothing'"):
        write_rows(events(spark, ROWS), "mongo/nothing", settings, NUMBERS)
