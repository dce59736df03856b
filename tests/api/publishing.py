"""Writes and publishes a data set as the pipeline does.

The numbers of a database of the tests' own start at random, far from those of
whatever else is in the stores that it shares.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mpp_stores.milvus.reader import VectorReader
from mpp_stores.neo4j.writer import EngagedWithEdges
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.materializations import begin, complete
from mpp_stores.postgres.releases import publish
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION
from mpp_stores.targets import TARGETS, open_target
from tests.api.dataset import Dataset

DAILY = ("milvus/messages", "neo4j/messages", "mongo/conversations")
VISIBLE_WITHIN_SECONDS = 30
RANKING = RankingConfiguration(similar_users=3, nearest_messages=10)
"""Evidence is as near as the outdoors users are to each other: dot is no neighbour."""

Numbers = Mapping[str, Sequence[int]]


def start_numbers_far_away(settings: StoreSettings) -> None:
    with connect(settings) as connection:
        tables.prepare(connection, tables.SCHEMA_NAME)
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('mpp.materializations', 'materialization'), %s)",
            (random.randrange(2**40, 2**50),),
        )


def materialize(settings: StoreSettings, dataset: Dataset) -> Numbers:
    """The numbers of what was written, by asset; nothing is published."""
    run_id = uuid.uuid4().hex
    numbers = {}
    for asset, rows in dataset.rows().items():
        partitions = [day.isoformat() for day in dataset.days] if asset in DAILY else [""]
        begun = begin(settings, asset=asset, partitions=partitions, dagster_run_id=run_id)
        with open_target(asset, settings) as target:
            target.prepare()
            if isinstance(target, EngagedWithEdges):
                target.begin(begun[""], anew=True)
            target.write(_batch(rows, target.schema, begun))
            complete(settings, target.digests(list(begun.values())))
        numbers[asset] = list(begun.values())
    asyncio.run(_until_searchable(settings, dataset, numbers))
    return numbers


def publish_what_is_complete(
    settings: StoreSettings, dataset: Dataset, ranking: RankingConfiguration = RANKING
) -> Release:
    return publish(
        settings,
        dagster_run_id=uuid.uuid4().hex,
        data_through=dataset.days[-1],
        quality={},
        agreeing=DAILY,
        ranking=ranking,
    )


def drop_everything(settings: StoreSettings) -> None:
    """Out of the shared stores: all that this database has numbers of."""
    with connect(settings) as connection:
        numbers = connection.execute(
            "SELECT asset, array_agg(materialization) FROM mpp.materializations GROUP BY asset"
        ).fetchall()
    for asset, materializations in numbers:
        if asset not in TARGETS:
            continue
        with open_target(asset, settings) as target:
            target.drop(materializations)


def _batch(
    rows: Sequence[dict[str, Any]], schema: pa.Schema, numbers: Mapping[str, int]
) -> pa.RecordBatch:
    numbered = [
        {name: row[name] for name in schema.names}
        | {MATERIALIZATION: numbers.get("") or numbers[row["event_day"].isoformat()]}
        for row in rows
    ]
    return pa.RecordBatch.from_pylist(
        numbered, schema.append(pa.field(MATERIALIZATION, pa.int64()))
    )


async def _until_searchable(settings: StoreSettings, dataset: Dataset, numbers: Numbers) -> None:
    """Milvus serves searches a little behind its writes."""
    give_up = time.monotonic() + VISIBLE_WITHIN_SECONDS
    vectors = VectorReader(settings)
    embedding = dataset.messages[0]["embedding"]
    everything = len(dataset.messages)
    written = len(dataset.profiles("user_id")), len(dataset.profiles("campaign_id")), everything
    while True:
        users = await vectors.similar_users(
            embedding,
            everything,
            exclude_user_id="",
            materialization=numbers["milvus/user_profiles"][0],
        )
        messages = await vectors.similar_messages(
            embedding,
            everything,
            exclude_user_id="",
            materializations=numbers["milvus/messages"],
        )
        campaigns = await vectors.similar_campaigns(
            embedding, everything, materialization=numbers["milvus/campaign_profiles"][0]
        )
        found = len(users), len(campaigns), len(messages)
        if found == written:
            break
        assert time.monotonic() < give_up, f"Milvus lacks rows: {found} of {written}"
        await asyncio.sleep(0.1)
    await vectors.close()
