"""The same DAG run again, of other tasks, on a Spark cluster in place of threads of the tasks' own
processes: no row is another afterwards."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from mpp_assets.definitions import definitions
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake
from mpp_stores.settings import StoreSettings
from tests.orchestration.airflow import AFTER_SEED_DAY, let_all_land_again
from tests.orchestration.spark_cluster import WORKERS, SparkCluster, running_cluster
from tests.pipeline.releases import numbers, served
from tests.pipeline.sample import SEED_DAY, of_days
from tests.pipeline.stored_rows import all_rows, report
from tests.waiting import wait_until

GRAPH = definitions.get_repository_def().asset_graph
PUBLISHED = sorted(
    {key.to_user_string() for key in GRAPH.get_all_asset_keys()} - {"postgres/serving_release"}
)
REFUSED = "refused.json"
VECTOR_TOLERANCE = 1e-6
"""Of numbers of unit vectors: float32 rounds differently when a text shares a batch with others."""

pytestmark = pytest.mark.usefixtures("on_the_cluster")


@dataclass(frozen=True)
class State:
    release_id: str
    rows: dict[str, list[dict[str, Any]]]
    numbers: dict[str, dict[str, int]]
    report: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What was served before and after the graph ran on the cluster, and the run's log."""

    before: State
    after: State
    log: str


def state(settings: StoreSettings) -> State:
    return State(
        served(settings).release_id,
        all_rows(settings),
        {name: numbers(settings, name) for name in PUBLISHED},
        report(settings),
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running_cluster(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def on_the_cluster(settings, airflow, first_run, cluster) -> Run:
    """All files land again, one that the contract refuses appears, and their days are materialized
    again, those before the day that the DAG run is for among them."""
    before = state(settings)
    forget_vectors(PipelineSettings(), SEED_DAY)
    let_all_land_again(settings)
    numbered = {**next(of_days(SEED_DAY)), "user_id": 7}
    (settings.landing / REFUSED).write_text(json.dumps([numbered]))
    variables = {"MPP_SPARK_MASTER": cluster.master_url, "MPP_CONTRACT_DATA_TYPES": "freeze"}
    done = airflow.test(AFTER_SEED_DAY, by="job", **variables)
    assert done.returncode == 0, done.stdout
    wait_until(lambda: not cluster.state()["activeapps"])
    return Run(before, state(settings), done.stdout)


def forget_vectors(settings: PipelineSettings, day: str) -> None:
    """Of the day's texts, so that the model has to embed them again."""
    lake = Lake(settings.lake)
    events = ds.dataset(lake.conversation_events / f"event_day={day}").to_table(["text"])
    texts = [hashlib.sha256(text.encode()).hexdigest() for text in events["text"].to_pylist()]
    vectors = lake.text_vectors(settings.embedding_model)
    others = ds.dataset(vectors).to_table(filter=~pc.field("text_hash").isin(texts))
    shutil.rmtree(vectors)
    vectors.mkdir()
    pq.write_table(others, vectors / "others.parquet")


def values(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in an order of their own, without their vectors."""
    return sorted(({**row, "embedding": None} for row in rows), key=repr)


def vectors(rows: list[dict[str, Any]]) -> np.ndarray:
    """In the same order."""
    ordered = sorted(rows, key=lambda row: repr({**row, "embedding": None}))
    return np.array([row["embedding"] for row in ordered if "embedding" in row])


def known_vectors(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    """By message, of the texts that were not embedded again."""
    embedded = {row["text"] for row in rows if row["sent_at"].date().isoformat() == SEED_DAY}
    return {row["message_id"]: row["embedding"] for row in rows if row["text"] not in embedded}


def test_it_leaves_the_same_rows_in_every_store(on_the_cluster):
    before, after = on_the_cluster.before.rows, on_the_cluster.after.rows
    for name, rows in before.items():
        assert values(after[name]) == values(rows), name
        np.testing.assert_allclose(
            vectors(after[name]), vectors(rows), rtol=0, atol=VECTOR_TOLERANCE, err_msg=name
        )


@pytest.mark.parametrize("name", ["lake/message_embeddings", "milvus/messages"])
def test_it_leaves_vectors_that_were_known_as_they_were(on_the_cluster, name):
    before = known_vectors(on_the_cluster.before.rows[name])
    assert before
    assert known_vectors(on_the_cluster.after.rows[name]) == before


def test_it_leaves_the_same_report(on_the_cluster):
    before, after = on_the_cluster.before.report, on_the_cluster.after.report
    run = {"dagster_run_id": after["dagster_run_id"]}
    assert after == before | run


def test_it_materialized_every_asset_and_published(on_the_cluster):
    before, after = on_the_cluster.before, on_the_cluster.after
    assert after.release_id != before.release_id
    for name in PUBLISHED:
        assert after.numbers[name].keys() == before.numbers[name].keys(), name
        assert not after.numbers[name].items() & before.numbers[name].items(), name


def test_a_file_that_cannot_land_fails_its_task_and_keeps_no_other_from_readers(
    airflow, on_the_cluster
):
    assert airflow.states() == {"land": "failed", "refresh": "success"}
    assert f"{REFUSED}: " in on_the_cluster.log
    assert "user_id converted from a number" in on_the_cluster.log


def test_executors_on_every_worker_did_it(cluster):
    landing, refresh = cluster.state()["completedapps"]
    assert (landing["state"], refresh["state"]) == ("FINISHED", "FINISHED")
    for worker in cluster.workers():
        executed = {each["appid"] for each in worker["finishedexecutors"]}
        assert executed == {landing["id"], refresh["id"]}
    busy = {
        log.relative_to(cluster.folder).parts[0]
        for log in executor_logs(cluster)
        if "Finished task" in log.read_text()
    }
    assert busy == set(WORKERS)


def executor_logs(cluster: SparkCluster):
    return cluster.folder.glob("*/app-*/*/stderr")


def test_no_password_is_in_a_log_a_page_or_a_command(cluster, settings, on_the_cluster):
    hidden = {password for password in passwords(settings) if password}
    assert hidden
    # The first line of an executor's log is the command that started it.
    assert all(
        log.read_text().startswith("Spark Executor Command") for log in executor_logs(cluster)
    )
    files = [file for file in cluster.folder.rglob("*") if file.is_file()]
    shown = [*(file.read_text(errors="replace") for file in files), *cluster.pages()]
    for text in [*shown, on_the_cluster.log]:
        assert not any(password in text for password in hidden)


def passwords(settings: StoreSettings) -> list[str | None]:
    values = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    return [urlsplit(value).password if "://" in value else value for value in values]
