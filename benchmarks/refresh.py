"""What a refresh costs: a first day, an unchanged day, a new day against a rebuild, and growth.

    .venv/bin/python -m benchmarks.refresh [--precomputed] 2000 20000 100000

For each number of messages, on a stack of stores of its own in a temporary folder: 30 days
are landed and refreshed, then day 31 is, then day 32 is materialized twice, then all 32 are
rebuilt. Jobs run in this process on a Spark session that is already there, so its start
is not in the figures. A day is added once the stores have done what the refresh before left
them to do. With `--precomputed`, vectors are random unit vectors put where embedded texts are
kept: the model then has nothing to do.
"""

import argparse
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.stack import STORES, await_rest, own_stack
from mpp_assets.definitions import definitions
from mpp_assets.partitions import range_tags
from mpp_assets.resources import RESOURCES
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.lake import TEXT_VECTOR_SCHEMA, Lake
from mpp_stores.records import EMBEDDING_DIMENSION

FIRST_DAYS = 30
DAYS = FIRST_DAYS + 2
FIRST_DAY = datetime(2026, 9, 1, tzinfo=UTC)
CAMPAIGNS = 40
MESSAGES_A_USER = 12
WORDS = [
    *("tent", "shoes", "coffee", "loan", "flight", "garden", "lamp", "phone", "course", "yoga"),
    *("price", "colour", "size", "return", "order", "delivery", "refund", "green", "winter"),
    *("trail", "battery", "warranty", "invoice", "beginner", "weekend", "family", "quiet"),
]


def events(count: int) -> list[dict[str, str]]:
    """`count` messages over the first days and as many a day later, the same in every run."""
    generator = random.Random(17)
    users = max(count // MESSAGES_A_USER, 10)
    a_day = count // FIRST_DAYS
    return [
        {
            "message_id": f"m{day:02}-{number:06}",
            "user_id": f"u{generator.randrange(users):06}",
            "campaign": f"c{int(generator.paretovariate(1.2)) % CAMPAIGNS:02}",
            "timestamp": (
                FIRST_DAY + timedelta(days=day, seconds=generator.randrange(86_400))
            ).isoformat(),
            "message": " ".join(generator.choices(WORDS, k=12)) + f" {day}-{number}",
        }
        for day in range(DAYS)
        for number in range(a_day)
    ]


def precompute_vectors(lake: Path, texts: list[str]) -> None:
    """Unit vectors of random numbers, where `embed_messages` looks for known texts."""

    vectors = np.random.default_rng(17).normal(size=(len(texts), EMBEDDING_DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = [sha256(text.encode()).hexdigest() for text in texts]
    table = pa.table({"text_hash": hashes, "embedding": list(vectors.astype(np.float32))}).cast(
        TEXT_VECTOR_SCHEMA
    )
    folder = Lake(lake).text_vectors(BUNDLED_MODEL)
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet")


def job_named(name: str) -> dg.JobDefinition:
    return definitions.get_repository_def().get_job(name)


class Pipeline:
    """The platform's jobs, run one after the other in this process, on their own executor."""

    def __init__(self, home: Path) -> None:

        self._landing = home / "landing"
        self._landing.mkdir(exist_ok=True)
        self._instance = dg.DagsterInstance.ephemeral()

    def land(self, batch: str, records: list[dict[str, str]]) -> float:
        (self._landing / batch).write_text(json.dumps(records))
        self._instance.add_dynamic_partitions("batches", [batch])
        return self._seconds("land", {"dagster/partition": batch})

    def refresh(self, first: int, last: int, *, publish: bool = True) -> float:
        days = [(FIRST_DAY + timedelta(days=day)).date().isoformat() for day in (first, last)]
        return self._seconds("refresh" if publish else "refresh_days", range_tags(*days))

    def _seconds(self, job: str, tags: dict[str, str]) -> float:
        reconstructable = dg.build_reconstructable_job("benchmarks.refresh", "job_named", (job,))
        started = perf_counter()
        dg.execute_job(reconstructable, self._instance, tags=tags, raise_on_error=True)
        return perf_counter() - started


def measure(count: int, *, precomputed: bool) -> Iterator[tuple[str, float]]:
    """Each step by name, and its seconds, once it is over."""

    records = events(count)

    def of_days(first: int, last: int) -> list[dict[str, str]]:
        return [
            each for each in records if f"m{first:02}" <= each["message_id"] < f"m{last + 1:02}"
        ]

    with own_stack(*STORES) as home:
        if precomputed:
            precompute_vectors(home / "lake", [record["message"] for record in records])
        RESOURCES["spark"].spark_session.range(1).count()
        pipeline = Pipeline(home)
        yield "land 30 days", pipeline.land("first.json", of_days(0, FIRST_DAYS - 1))
        yield "first refresh, 30 days", pipeline.refresh(0, FIRST_DAYS - 1)
        yield "what it left the stores to do", await_rest(home)
        yield "land day 31", pipeline.land("31.json", of_days(FIRST_DAYS, FIRST_DAYS))
        yield "refresh of day 31", pipeline.refresh(FIRST_DAYS, FIRST_DAYS)
        yield "what it left the stores to do", await_rest(home)
        pipeline.land("32.json", of_days(DAYS - 1, DAYS - 1))
        yield "first materialization of day 32", pipeline.refresh(DAYS - 1, DAYS - 1, publish=False)
        yield "the same day, unchanged", pipeline.refresh(DAYS - 1, DAYS - 1, publish=False)
        yield "rebuild of 32 days, texts known", pipeline.refresh(0, DAYS - 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure what a refresh costs.")
    parser.add_argument("messages", type=int, nargs="*", default=[2_000])
    parser.add_argument("--precomputed", action="store_true", help="embed nothing")
    arguments = parser.parse_args()
    for size in arguments.messages:
        for step, seconds in measure(size, precomputed=arguments.precomputed):
            figure = {"messages": size, "step": step, "seconds": round(seconds, 1)}
            print(json.dumps(figure), flush=True)
