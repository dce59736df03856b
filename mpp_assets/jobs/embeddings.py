"""Message embeddings: a unit vector for every message, each distinct text embedded once."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as f

from mpp_assets.jobs.conversations import read_conversation_events
from mpp_assets.jobs.datasets import (
    Batches,
    join_small_files,
    map_dataset,
    read_dataset,
    replace_days,
    spark_schema,
)
from mpp_stores import embedding_model
from mpp_stores.lake import (
    MESSAGE_EMBEDDING_SCHEMA,
    TEXT_VECTOR_SCHEMA,
    Lake,
)

# A worker loads the model first, which takes as long as embedding some hundred texts.
_TEXTS_A_WORKER = 500
# Of a write: some 15 s, after which it can be said how many are done, and none of them is lost
# when the run dies.
_MOST_TEXTS_A_WORKER = 2_500


def read_message_embeddings(
    spark: SparkSession, lake: Lake, days: Sequence[date] | None = None
) -> DataFrame:
    """The messages of the given days, or of all, with their vectors."""
    return read_dataset(spark, lake.message_embeddings, MESSAGE_EMBEDDING_SCHEMA, days)


def map_message_embeddings(
    spark: SparkSession,
    lake: Lake,
    columns: Sequence[str],
    function: Callable[[Batches], Batches],
    results: pa.Schema,
) -> DataFrame:
    """`function` over these columns of the messages of all days (see `map_dataset`)."""
    read = pa.schema([MESSAGE_EMBEDDING_SCHEMA.field(name) for name in columns])
    return map_dataset(spark, lake.message_embeddings, read, function, results)


def embed_messages(
    spark: SparkSession,
    lake: Lake,
    days: Sequence[date],
    model: str,
    tell: Callable[[int, int], None] = lambda embedded, unknown: None,
) -> int:
    """Replace the days' message embeddings. Returns how many texts the model had to embed.

    Texts that this model embedded before, on whatever day, are read back by their hash. Many
    are embedded a portion at a time: `tell` is given how many of all are done, and what is done
    stays when the rest fails.
    """
    events = read_conversation_events(spark, lake, days).withColumn(
        "text_hash", f.sha2("text", 256)
    )
    folder = lake.text_vectors(model)
    known = read_dataset(spark, folder, TEXT_VECTOR_SCHEMA)
    unknown = (
        events.select("text_hash", "text")
        .distinct()
        .join(known, "text_hash", "left_anti")
        .persist()
    )
    count = unknown.count()
    embedded = 0
    for portion in _portions(unknown, count):
        written = Observation()
        vectors = _encode(portion, model).observe(written, f.count("*").alias("texts"))
        vectors.write.mode("append").parquet(str(folder))
        embedded += written.get["texts"]
        tell(embedded, count)
    unknown.unpersist()
    vectors = _kept_vectors(folder, events.select("text_hash").distinct())
    messages = events.join(vectors, "text_hash").withColumn("embedding_model", f.lit(model))
    replace_days(messages.select(MESSAGE_EMBEDDING_SCHEMA.names), lake.message_embeddings, days)
    join_small_files(folder)
    return embedded


def _portions(texts: DataFrame, count: int) -> Iterator[DataFrame]:
    """The texts, as many at a time as the workers embed in one go."""
    workers = texts.sparkSession.sparkContext.defaultParallelism
    portions = math.ceil(count / (workers * _MOST_TEXTS_A_WORKER))
    for number in range(portions):
        portion = texts.where(f.crc32("text_hash") % portions == number)
        yield portion.repartition(min(workers, math.ceil(count / portions / _TEXTS_A_WORKER)))


def _kept_vectors(folder: Path, hashes: DataFrame) -> DataFrame:
    """The vectors of these texts. Only files that hold one are read: those of a day, as a rule,
    were written by the last runs, and most of what is kept was not."""
    known = read_dataset(hashes.sparkSession, folder, TEXT_VECTOR_SCHEMA)
    found = (
        known.select("text_hash", f.input_file_name().alias("file"))
        .join(hashes, "text_hash", "left_semi")
        .select("file")
        .distinct()
        .collect()
    )
    if not found:
        return known.limit(0)
    # Of the last part, which Spark or `join_small_files` made, a URL escapes nothing.
    files = (str(folder / Path(row["file"]).name) for row in found)
    vectors = hashes.sparkSession.read.schema(known.schema).parquet(*files)
    # An interrupted run can have embedded a text that a later one embeds again.
    return vectors.join(hashes, "text_hash", "left_semi").dropDuplicates(["text_hash"])


def _encode(texts: DataFrame, model: str) -> DataFrame:
    def encode(batches: Batches) -> Batches:
        for batch in batches:
            vectors = embedding_model.encode(batch.to_pydict()["text"], model)
            yield pa.RecordBatch.from_pydict(
                {"text_hash": batch.column("text_hash"), "embedding": list(vectors)},
                schema=TEXT_VECTOR_SCHEMA,
            )

    return texts.mapInArrow(encode, spark_schema(TEXT_VECTOR_SCHEMA))
