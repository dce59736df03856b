"""Topics: what the messages are about, found by clustering their vectors.

A topic is a k-means cluster (cosine distance) of message vectors. Its terms are
those that set its messages apart from the other topics', by class-based TF-IDF
(Grootendorst 2022, "BERTopic", arXiv:2203.05794, equation 2).

Clusters, terms and examples come from a sample that fits on the driver; Spark then
assigns and counts every message. The same messages give the same topics: the sample
is chosen by hash, topics are numbered by size, and every tie is broken by ids or their hashes.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import Batches
from mpp_assets.jobs.embeddings import map_message_embeddings, read_message_embeddings
from mpp_stores.lake import MESSAGE_EMBEDDING_SCHEMA, Lake
from mpp_stores.records import MESSAGE_SCHEMA
from mpp_stores.vectors import matrix

# About this many messages (15 MB of vectors); all of them where there are fewer.
_SAMPLED_MESSAGES = 10_000
_SAMPLED_SCHEMA = pa.schema(
    [MESSAGE_EMBEDDING_SCHEMA.field(name) for name in ("message_id", "text", "embedding")]
)
_ASSIGNED_SCHEMA = pa.schema(
    [
        *(MESSAGE_SCHEMA.field(name) for name in ("message_id", "user_id", "campaign_id")),
        pa.field("cluster", pa.int32()),
    ]
)
_TERMS = 8
_EXAMPLES = 3
# Words are letters with their marks and inner apostrophes.
_SHORTEST_WORD = 2
_APOSTROPHES = "'\u2019"
_BETWEEN_WORDS = rf"[^\p{{L}}\p{{M}}{_APOSTROPHES}]+"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; `topic_id` counts from 1, the largest topic.

    `top_terms` are ordered by weight, `example_messages` are the distinct texts
    nearest to the centre, `campaigns` are (campaign_id, messages) by messages.
    """

    topic_id: int
    message_count: int
    user_count: int
    top_terms: list[str]
    example_messages: list[str]
    campaigns: list[tuple[str, int]]


def message_topics(spark: SparkSession, lake: Lake, *, topic_count: int, seed: int) -> list[Topic]:
    """The topics of all messages, at most `topic_count`, largest first.

    There are fewer topics than asked for when there are fewer distinct texts, and none
    without messages.
    """
    sample = _sample(spark, lake)
    if not len(sample):
        return []
    sampled = matrix(sample["embedding"])
    centres = _centres(sampled, topic_count, seed)
    similarities = _similarities(sampled, centres)
    messages = sample.select(["message_id", "text"]).to_pandas()
    messages["cluster"] = similarities.argmax(axis=1)
    messages["similarity"] = similarities.max(axis=1)
    terms, examples = _top_terms(messages), _examples(messages)
    sizes, campaigns = _counts(spark, lake, centres)
    return [
        Topic(
            topic_id=number,
            message_count=size["message_count"],
            user_count=size["user_count"],
            top_terms=terms.get(size["cluster"], []),
            example_messages=examples.get(size["cluster"], []),
            campaigns=campaigns[size["cluster"]],
        )
        for number, size in enumerate(sizes, start=1)
    ]


def _sample(spark: SparkSession, lake: Lake) -> pa.Table:
    """Message ids, texts and vectors, ordered by id."""
    count = read_message_embeddings(spark, lake).count()
    # CRC-32 is uniform over the 32-bit integers.
    limit = 2**32 * _SAMPLED_MESSAGES // max(count, _SAMPLED_MESSAGES)

    def sampled(batches: Batches) -> Batches:
        for batch in batches:
            ids = map(str, batch.column("message_id"))
            yield batch.filter(pa.array([crc32(each.encode()) < limit for each in ids]))

    rows = map_message_embeddings(spark, lake, _SAMPLED_SCHEMA.names, sampled, _SAMPLED_SCHEMA)
    return rows.toArrow().sort_by("message_id")


def _centres(sampled: np.ndarray, topic_count: int, seed: int) -> np.ndarray:
    # Seconds to import, and only a run that clusters needs it.
    from sklearn.cluster import KMeans  # noqa: PLC0415

    # Of unit vectors, Euclidean distance orders as cosine similarity does.
    model = KMeans(min(topic_count, len(sampled)), n_init=1, random_state=seed).fit(sampled)
    centres: np.ndarray = model.cluster_centers_.astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return centres


def _similarities(embeddings: np.ndarray, centres: np.ndarray) -> np.ndarray:
    similarities: np.ndarray = embeddings @ centres.T
    # The last bits of a product depend on which rows share a batch.
    return np.round(similarities, 5)


def _counts(
    spark: SparkSession, lake: Lake, centres: np.ndarray
) -> tuple[list[Row], dict[int, list[tuple[str, int]]]]:
    """Over all messages: the clusters by size, and the messages of each by campaign."""

    def assigned(batches: Batches) -> Batches:
        for batch in batches:
            clusters = _similarities(matrix(batch.column("embedding")), centres).argmax(axis=1)
            columns = [*batch.columns[:-1], pa.array(clusters, pa.int32())]
            yield pa.RecordBatch.from_arrays(columns, schema=_ASSIGNED_SCHEMA)

    counted = (
        map_message_embeddings(
            spark, lake, [*_ASSIGNED_SCHEMA.names[:-1], "embedding"], assigned, _ASSIGNED_SCHEMA
        )
        .rollup("cluster", "campaign_id")
        .agg(
            f.count("*").alias("message_count"),
            f.count_distinct("user_id").alias("user_count"),
            f.min(f.xxhash64("message_id")).alias("least_hash"),
        )
        .orderBy(f.desc("message_count"), "campaign_id", "least_hash")
        .collect()
    )
    campaigns: dict[int, list[tuple[str, int]]] = {}
    for row in counted:
        if row["campaign_id"] is not None:
            found = (row["campaign_id"], row["message_count"])
            campaigns.setdefault(row["cluster"], []).append(found)
    sizes = [row for row in counted if row["campaign_id"] is None and row["cluster"] is not None]
    return sizes, campaigns


def _top_terms(messages: pd.DataFrame) -> dict[int, list[str]]:
    """Terms by c-TF-IDF: tf(term, cluster) · log(1 + A / f(term)).

    tf is the term's share of the cluster's words, f its count over all clusters,
    A the mean number of words a cluster.
    """
    uses = _words(messages).value_counts()
    by_cluster = uses.groupby("cluster")
    share = uses / by_cluster.transform("sum")
    rarity = np.log1p(by_cluster.sum().mean() / uses.groupby("term").transform("sum"))
    weighted = (share * rarity).rename("weight").reset_index()
    weighted = weighted.sort_values(["weight", "term"], ascending=[False, True])
    return _first_of_each_cluster(weighted, "term", _TERMS)


def _words(messages: pd.DataFrame) -> pd.DataFrame:
    """One row a word of a text, stop words left out: cluster, term."""
    # It comes with scipy, and only a run that clusters needs it.
    from pyspark.ml.feature import StopWordsRemover  # noqa: PLC0415

    words = pc.split_pattern_regex(pc.utf8_lower(pa.array(messages["text"])), _BETWEEN_WORDS)
    rows = pd.DataFrame(
        {
            "cluster": messages["cluster"].to_numpy()[pc.list_parent_indices(words)],
            "term": pc.utf8_trim(pc.list_flatten(words), _APOSTROPHES).to_pandas(),
        }
    )
    stop_words = StopWordsRemover.loadDefaultStopWords("english")
    return rows[(rows["term"].str.len() >= _SHORTEST_WORD) & ~rows["term"].isin(stop_words)]


def _examples(messages: pd.DataFrame) -> dict[int, list[str]]:
    nearest = messages.sort_values(["similarity", "message_id"], ascending=[False, True])
    return _first_of_each_cluster(nearest.drop_duplicates(["cluster", "text"]), "text", _EXAMPLES)


def _first_of_each_cluster(ordered: pd.DataFrame, column: str, count: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for cluster, value in zip(ordered["cluster"], ordered[column], strict=True):
        values = found.setdefault(cluster, [])
        if len(values) < count:
            values.append(value)
    return found
