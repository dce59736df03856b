"""Profiles of more messages than are added up at a time."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mpp_assets.jobs.profiles import campaign_profiles, user_profiles
from mpp_stores.lake import MESSAGE_EMBEDDING_SCHEMA, Lake

MESSAGES = 80_000
DAYS = [date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)]
DIMENSION = 4


@pytest.fixture(scope="module")
def messages() -> pa.Table:
    """Of 9,000 users and three campaigns, in no order, with vectors of any length."""
    random = np.random.default_rng(3)
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    seconds = random.integers(0, 3 * 86_400, MESSAGES)
    sent_at = [midnight + timedelta(seconds=int(each)) for each in seconds]
    values = {
        "message_id": [f"m{number}" for number in range(MESSAGES)],
        "user_id": [f"u{number}" for number in random.integers(0, 9_000, MESSAGES)],
        "campaign_id": [f"c{number}" for number in random.integers(0, 3, MESSAGES)],
        "text": ["hello"] * MESSAGES,
        "sent_at": sent_at,
        "event_day": [each.date() for each in sent_at],
        "embedding_model": ["made-up"] * MESSAGES,
        "embedding": list(random.normal(1, 1, (MESSAGES, DIMENSION)).astype(np.float32)),
    }
    return pa.table({name: values[name] for name in MESSAGE_EMBEDDING_SCHEMA.names}).cast(
        MESSAGE_EMBEDDING_SCHEMA
    )


@pytest.fixture(scope="module")
def lake(messages, tmp_path_factory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    pq.write_to_dataset(messages, lake.message_embeddings, partition_cols=["event_day"])
    return lake


EACH_KIND = pytest.mark.parametrize(
    ("profiles", "key"), [(user_profiles, "user_id"), (campaign_profiles, "campaign_id")]
)


@EACH_KIND
def test_every_key_has_one_profile_over_all_its_messages(spark, lake, messages, profiles, key):
    rows = messages.to_pandas()
    totals = rows.groupby(key)["embedding"].apply(lambda each: np.stack(each.to_list()).sum(0))
    counts, last = rows.groupby(key).size(), rows.groupby(key)["sent_at"].max()
    found = profiles(spark, lake).toPandas().set_index(key)
    assert found.index.is_unique
    assert found["message_count"].to_dict() == counts.to_dict()
    assert found["last_at"].dt.tz_localize("UTC").to_dict() == last.to_dict()
    expected = np.stack(totals[found.index].to_list())
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.stack(found["embedding"].to_list()) == pytest.approx(expected, abs=1e-5)


@EACH_KIND
def test_a_key_that_is_the_only_one_has_a_profile(spark, messages, tmp_path, profiles, key):
    of_one = messages.filter((pc.field("user_id") == "u1") & (pc.field("campaign_id") == "c1"))
    lake = Lake(tmp_path)
    pq.write_to_dataset(of_one, lake.message_embeddings, partition_cols=["event_day"])
    [row] = profiles(spark, lake).collect()
    assert (row[key], row.message_count) == (of_one[key][0].as_py(), of_one.num_rows)
