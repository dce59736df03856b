"""Writes and publishes a data set as the pipeline does."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from mpp_stores.milvus.reader import VectorReader
from mpp_stores.postgres.releases import publish
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.api.dataset import Dataset
from tests.materialized import MESSAGES, write

VISIBLE_WITHIN_SECONDS = 30
RANKING = RankingConfiguration(similar_users=3, nearest_messages=10)
"""Evidence is as near as the outdoors users are to each other: dot is no neighbour."""

Numbers = Mapping[str, Sequence[int]]


def materialize(settings: StoreSettings, dataset: Dataset) -> Numbers:
    """The numbers of what was written, by asset; nothing is published."""
    run_id = uuid.uuid4().hex
    numbers = {
        asset: list(write(settings, asset, rows, run_id).values())
        for asset, rows in dataset.rows().items()
    }
    asyncio.run(_until_searchable(settings, dataset, numbers))
    return numbers


def publish_what_is_complete(
    settings: StoreSettings,
    dataset: Dataset,
    ranking: RankingConfiguration = RANKING,
    *,
    days_later: int = 0,
) -> Release:
    """`days_later` is how long nobody has written since the data set's last day."""
    return publish(
        settings,
        dagster_run_id=uuid.uuid4().hex,
        data_through=dataset.days[-1] + timedelta(days=days_later),
        quality={},
        agreeing=MESSAGES,
        ranking=ranking,
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
