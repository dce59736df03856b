from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import date

import pyarrow as pa
import pytest

from mpp_stores.errors import StoreRejected
from mpp_stores.postgres.reader import TableReader
from mpp_stores.postgres.writer import Campaigns
from mpp_stores.records import CAMPAIGN_SCHEMA, Campaign
from mpp_stores.settings import StoreSettings
from mpp_stores.target import MATERIALIZATION, Digest, identity_hash

FIRST, SECOND = 7, 8
BOUNDED = Campaign(
    "boots", "Boots", "outdoors", "Warm.", ["winter"], date(1999, 1, 1), date.max, is_active=False
)
UNBOUNDED = Campaign("tents", "Tents", "", "", [], None, None, is_active=True)


@pytest.fixture
def campaigns(settings: StoreSettings, schema_name: str) -> Iterator[Campaigns]:
    with Campaigns(settings, schema_name=schema_name) as target:
        target.prepare()
        yield target


@pytest.fixture
async def reader(settings: StoreSettings, schema_name: str) -> AsyncIterator[TableReader]:
    reader = TableReader(settings, schema_name=schema_name)
    yield reader
    await reader.close()


def batch(*campaigns: Campaign, materialization: int = FIRST) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [asdict(campaign) | {MATERIALIZATION: materialization} for campaign in campaigns],
        schema=CAMPAIGN_SCHEMA.append(pa.field(MATERIALIZATION, pa.int64())),
    )


async def test_what_is_written_is_read_in_order_of_the_ids(
    campaigns: Campaigns, reader: TableReader
) -> None:
    campaigns.write(batch(UNBOUNDED, BOUNDED))

    assert await reader.campaigns(materialization=FIRST) == [BOUNDED, UNBOUNDED]
    [read] = campaigns.read([FIRST])
    assert read.schema == CAMPAIGN_SCHEMA
    assert {row["campaign_id"] for row in read.to_pylist()} == {"boots", "tents"}


async def test_campaigns_are_those_of_the_served_materialization(
    campaigns: Campaigns, reader: TableReader
) -> None:
    campaigns.write(batch(BOUNDED, materialization=FIRST))
    campaigns.write(batch(UNBOUNDED, materialization=SECOND))

    assert await reader.campaigns(materialization=SECOND) == [UNBOUNDED]
    assert await reader.campaigns(materialization=SECOND + 1) == []


async def test_before_the_first_ingest_there_are_no_campaigns(reader: TableReader) -> None:
    assert await reader.campaigns(materialization=FIRST) == []


async def test_any_text_is_a_safe_tag(campaigns: Campaigns, reader: TableReader) -> None:
    tags = ["{a,b}", '"', "\\", "NULL", "'; DROP TABLE campaigns; --", "Zoë 🛒"]
    campaigns.write(batch(Campaign("boots", "Boots", "", "", tags, None, None, is_active=True)))

    [read] = await reader.campaigns(materialization=FIRST)

    assert read.tags == tags


def test_an_empty_campaign_file_is_a_materialization_without_rows(campaigns: Campaigns) -> None:
    assert campaigns.write(batch()) == 0
    assert campaigns.digests([FIRST]) == {FIRST: Digest(0, 0)}


def test_the_digest_is_that_of_the_ids(campaigns: Campaigns) -> None:
    campaigns.write(batch(BOUNDED, UNBOUNDED))

    expected = identity_hash(["boots"]) + identity_hash(["tents"])
    assert campaigns.digests([FIRST]) == {FIRST: Digest(2, expected)}


def test_a_campaign_that_ends_before_it_starts_is_refused(campaigns: Campaigns) -> None:
    backwards = Campaign(
        "boots", "Boots", "", "", [], date(1999, 1, 2), date(1999, 1, 1), is_active=True
    )

    with pytest.raises(StoreRejected):
        campaigns.write(batch(backwards))


def test_no_row_is_of_a_user(campaigns: Campaigns) -> None:
    campaigns.write(batch(BOUNDED))

    assert campaigns.rows_of_user("boots") == 0
