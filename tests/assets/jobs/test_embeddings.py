from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pyspark.errors import PythonException

from mpp_assets.jobs.datasets import replace_days
from mpp_assets.jobs.embeddings import embed_messages, read_message_embeddings
from mpp_assets.jobs.profiles import campaign_profiles, user_profiles
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.lake import Lake
from mpp_stores.records import EMBEDDING_DIMENSION
from tests.assets.jobs.conversation_rows import event, events

ROWS = [
    event("ann", "run", "2026-01-06T08:00:00", "my trail shoes are too narrow"),
    event("ann", "run", "2026-01-06T09:00:00", "are there wider running shoes?"),
    event("bob", "run", "2026-01-06T10:00:00", "my trail shoes are too narrow"),
    event("cat", "tea", "2026-01-07T10:00:00", "how long should green tea steep?"),
]
DAYS = sorted({row["event_day"] for row in ROWS})


@pytest.fixture(scope="module")
def embedded(spark, tmp_path_factory) -> tuple[Lake, int]:
    """A lake whose two days were embedded, and how many texts that took."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    replace_days(events(spark, ROWS), lake.conversation_events, DAYS)
    return lake, embed_messages(spark, lake, DAYS, BUNDLED_MODEL)


def vectors(spark, lake: Lake) -> dict[str, np.ndarray]:
    rows = read_message_embeddings(spark, lake).collect()
    return {row.message_id: np.array(row.embedding) for row in rows}


def test_every_message_gets_a_unit_vector(spark, embedded):
    found = vectors(spark, embedded[0])
    assert set(found) == {row["message_id"] for row in ROWS}
    for vector in found.values():
        assert vector.shape == (EMBEDDING_DIMENSION,)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_text_is_embedded_once_however_often_it_is_said(spark, embedded):
    lake, texts = embedded
    assert texts == 3
    assert embed_messages(spark, lake, DAYS, BUNDLED_MODEL) == 0


def test_a_text_of_an_earlier_run_is_read_back(spark, tmp_path):
    """A path with a space, and a day without events beside the others."""
    lake = Lake(tmp_path / "a lake")
    later = [
        event("dan", "run", "2026-01-08T08:00:00", ROWS[0]["text"]),
        event("dan", "run", "2026-01-08T09:00:00", "do they come in green?"),
    ]
    day, empty_day = date(2026, 1, 8), date(2026, 1, 9)
    replace_days(events(spark, [*ROWS, *later]), lake.conversation_events, [*DAYS, day])
    assert embed_messages(spark, lake, DAYS, BUNDLED_MODEL) == 3
    assert embed_messages(spark, lake, [day, empty_day], BUNDLED_MODEL) == 1
    assert embed_messages(spark, lake, [empty_day], BUNDLED_MODEL) == 0
    found = vectors(spark, lake)
    assert set(found) == {row["message_id"] for row in [*ROWS, *later]}
    assert (found[later[0]["message_id"]] == found[ROWS[0]["message_id"]]).all()


def test_many_texts_are_embedded_a_portion_at_a_time_and_none_twice(spark, tmp_path, monkeypatch):
    """What was done before a failure stays."""
    monkeypatch.setattr("mpp_assets.jobs.embeddings._MOST_TEXTS_A_WORKER", 5)
    lake = Lake(tmp_path)
    rows = [event("ann", "run", "2026-01-06T08:00:00", f"text {number}") for number in range(40)]
    replace_days(events(spark, rows), lake.conversation_events, DAYS[:1])
    told: list[tuple[int, int]] = []

    def fail_at_the_second(embedded: int, unknown: int) -> None:
        told.append((embedded, unknown))
        if len(told) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        embed_messages(spark, lake, DAYS[:1], BUNDLED_MODEL, fail_at_the_second)
    (first, _), (second, unknown) = told
    assert 0 < first < second < unknown == len(rows)
    assert embed_messages(spark, lake, DAYS[:1], BUNDLED_MODEL) == len(rows) - second
    texts = spark.read.parquet(str(lake.text_vectors(BUNDLED_MODEL))).collect()
    assert len(texts) == len({row.text_hash for row in texts}) == len(rows)


def test_messages_about_one_subject_lie_nearer_than_messages_about_two(spark, embedded):
    found = vectors(spark, embedded[0])
    narrow, wider, _, tea = (found[row["message_id"]] for row in ROWS)
    assert narrow @ wider > narrow @ tea + 0.2


def test_a_user_profile_is_the_unit_mean_of_the_users_messages(spark, embedded):
    lake = embedded[0]
    found = vectors(spark, lake)
    mean = found[ROWS[0]["message_id"]] + found[ROWS[1]["message_id"]]
    profiles = {row.user_id: row for row in user_profiles(spark, lake).collect()}
    assert set(profiles) == {"ann", "bob", "cat"}
    assert profiles["ann"].message_count == 2
    assert profiles["ann"].embedding == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_a_campaign_profile_is_the_unit_mean_of_the_campaigns_messages(spark, embedded):
    lake = embedded[0]
    found = vectors(spark, lake)
    mean = sum(found[row["message_id"]] for row in ROWS if row["campaign_id"] == "run")
    profiles = {row.campaign_id: row for row in campaign_profiles(spark, lake).collect()}
    assert {name: row.message_count for name, row in profiles.items()} == {"run": 3, "tea": 1}
    assert profiles["run"].embedding == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_a_model_that_cannot_be_loaded_is_named(spark, tmp_path: Path):
    lake = Lake(tmp_path)
    replace_days(events(spark, ROWS), lake.conversation_events, DAYS)
    with pytest.raises(PythonException, match="no-such-model"):
        embed_messages(spark, lake, DAYS, str(tmp_path / "no-such-model"))
