"""Topics: what the messages are about, found by clustering their vectors.

A topic is a k-means cluster (cosine distance) of message vectors. Its terms are
those that set its messages apart from the other topics', by class-based TF-IDF
(Grootendorst 2022, "BERTopic", arXiv:2203.05794, equation 2).

The same messages give the same topics: the clusters are fitted in a fixed order,
topics are numbered by size, and every tie is broken by id.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.ml.feature import StopWordsRemover
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as f

from mpp_assets.jobs.datasets import spark_schema
from mpp_stores.records import MESSAGE_SCHEMA

# Clusters are fitted on the driver, on this many messages at most (77 MB of vectors), chosen by
# hash; every message is then assigned by Spark.
_FITTED_MESSAGES = 50_000
_ASSIGNED_SCHEMA = pa.schema(
    [
        *(MESSAGE_SCHEMA.field(name) for name in ("message_id", "user_id", "campaign_id", "text")),
        pa.field("cluster", pa.int32()),
        pa.field("similarity", pa.float32()),
    ]
)
_TERMS = 8
_EXAMPLES = 3
# Letters with their marks and inner apostrophes, two characters or more.
_WORD = r"[\p{L}\p{M}][\p{L}\p{M}'\u2019]*[\p{L}\p{M}]"


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


def message_topics(embeddings: DataFrame, *, topic_count: int, seed: int) -> list[Topic]:
    """The topics of all messages, at most `topic_count`, largest first.

    `embeddings` has message_id, user_id, campaign_id, text and embedding, a unit
    vector. There are fewer topics than asked for when there are fewer distinct
    texts, and none without messages.
    """
    if embeddings.isEmpty():
        return []
    assigned = _assign(embeddings, topic_count, seed).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        sizes = (
            assigned.groupBy("cluster")
            .agg(
                f.count("*").alias("message_count"),
                f.count_distinct("user_id").alias("user_count"),
                f.min("message_id").alias("first_message_id"),
            )
            .orderBy(f.desc("message_count"), "first_message_id")
            .collect()
        )
        terms = _top_terms(assigned)
        examples = _examples(assigned)
        campaigns = _campaigns(assigned)
    finally:
        assigned.unpersist()
    return [
        Topic(
            topic_id=number,
            message_count=size["message_count"],
            user_count=size["user_count"],
            top_terms=terms.get(size["cluster"], []),
            example_messages=examples[size["cluster"]],
            campaigns=campaigns[size["cluster"]],
        )
        for number, size in enumerate(sizes, start=1)
    ]


def _assign(embeddings: DataFrame, topic_count: int, seed: int) -> DataFrame:
    """The messages with their cluster and the cosine similarity to its centre."""
    # Seconds to import, and only a run that clusters needs it.
    from sklearn.cluster import KMeans  # noqa: PLC0415

    fitted = (
        embeddings.orderBy(f.xxhash64("message_id"), "message_id")
        .limit(_FITTED_MESSAGES)
        .select("embedding")
        .toArrow()
    )
    vectors = pc.list_flatten(fitted["embedding"]).to_numpy().reshape(len(fitted), -1)
    # Of unit vectors, Euclidean distance orders as cosine similarity does.
    model = KMeans(min(topic_count, len(vectors)), n_init=1, random_state=seed).fit(vectors)
    centres = model.cluster_centers_.astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)

    def assign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            numbers = pc.list_flatten(batch.column("embedding")).to_numpy()
            # The last bits of a product depend on which rows share a batch.
            similarities = np.round(numbers.reshape(-1, centres.shape[1]) @ centres.T, 5)
            columns = [batch.column(name) for name in _ASSIGNED_SCHEMA.names[:-2]]
            columns += [pa.array(similarities.argmax(axis=1), pa.int32())]
            columns += [pa.array(similarities.max(axis=1), pa.float32())]
            yield pa.RecordBatch.from_arrays(columns, schema=_ASSIGNED_SCHEMA)

    return embeddings.mapInArrow(assign, spark_schema(_ASSIGNED_SCHEMA))


def _top_terms(assigned: DataFrame) -> dict[int, list[str]]:
    """Terms by c-TF-IDF: tf(term, cluster) · log(1 + A / f(term)).

    tf is the term's share of the cluster's words, f its count over all clusters,
    A the mean number of words a cluster.
    """
    remover = StopWordsRemover(inputCol="words", outputCol="terms")
    words = assigned.select(
        "cluster", f.regexp_extract_all(f.lower("text"), f.lit(_WORD), f.lit(0)).alias("words")
    )
    counts = (
        remover.transform(words)
        .select("cluster", f.explode("terms").alias("term"))
        .groupBy("cluster", "term")
        .agg(f.count("*").alias("uses"))
        .persist()
    )
    words_by_cluster = counts.groupBy("cluster").agg(f.sum("uses").alias("cluster_words"))
    mean_words = words_by_cluster.agg(f.avg("cluster_words").alias("mean_words"))
    uses_everywhere = f.sum("uses").over(Window.partitionBy("term"))
    weight = (f.col("uses") / f.col("cluster_words")) * f.log1p(
        f.col("mean_words") / uses_everywhere
    )
    weighted = (
        counts.join(f.broadcast(words_by_cluster), "cluster")
        .crossJoin(f.broadcast(mean_words))
        .withColumn("weight", weight)
    )
    best = _first_of_each_cluster(weighted, _TERMS, f.desc("weight"), f.asc("term"))
    terms = {row["cluster"]: row["values"] for row in _in_order(best, "term").collect()}
    counts.unpersist()
    return terms


def _examples(assigned: DataFrame) -> dict[int, list[str]]:
    distinct = assigned.groupBy("cluster", "text").agg(
        f.max("similarity").alias("similarity"), f.min("message_id").alias("message_id")
    )
    nearest = _first_of_each_cluster(distinct, _EXAMPLES, f.desc("similarity"), f.asc("message_id"))
    return {row["cluster"]: row["values"] for row in _in_order(nearest, "text").collect()}


def _campaigns(assigned: DataFrame) -> dict[int, list[tuple[str, int]]]:
    rows = (
        assigned.groupBy("cluster", "campaign_id")
        .agg(f.count("*").alias("message_count"))
        .orderBy("cluster", f.desc("message_count"), "campaign_id")
        .collect()
    )
    campaigns: dict[int, list[tuple[str, int]]] = {}
    for row in rows:
        found = (row["campaign_id"], row["message_count"])
        campaigns.setdefault(row["cluster"], []).append(found)
    return campaigns


def _first_of_each_cluster(rows: DataFrame, count: int, *order: Column) -> DataFrame:
    rank = f.row_number().over(Window.partitionBy("cluster").orderBy(*order))
    return rows.withColumn("rank", rank).where(f.col("rank") <= count)


def _in_order(ranked: DataFrame, column: str) -> DataFrame:
    """One row a cluster, its `values` being the column by rank."""
    pairs = f.array_sort(f.collect_list(f.struct("rank", column)))
    return ranked.groupBy("cluster").agg(pairs[column].alias("values"))
