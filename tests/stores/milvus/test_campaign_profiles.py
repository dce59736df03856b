import pytest

from mpp_stores.milvus.reader import VectorReader
from mpp_stores.milvus.writer import CampaignProfiles
from mpp_stores.records import CampaignProfile, SimilarCampaign
from tests.stores.milvus.samples import (
    FIRST,
    HOSTILE_IDS,
    NOON,
    SECOND,
    campaign_profile,
    campaigns_batch,
    rows_of,
    vector,
)

EAST = vector(1.0)
NORTH_EAST = vector(0.6, 0.8)
NORTH = vector(0.0, 1.0)


def test_what_is_written_is_read_back(campaigns: CampaignProfiles) -> None:
    rows = [campaign_profile("boots", embedding=NORTH), campaign_profile("tents")]

    campaigns.write(campaigns_batch(rows))

    assert rows_of(campaigns.read([FIRST]), "campaign_id") == rows


def test_no_row_is_of_a_user(campaigns: CampaignProfiles) -> None:
    campaigns.write(campaigns_batch([campaign_profile("u-1")]))

    assert campaigns.rows_of_user("u-1") == 0


async def test_profiles_are_those_of_the_served_materialization(
    reader: VectorReader, campaigns: CampaignProfiles
) -> None:
    campaigns.write(campaigns_batch([campaign_profile("boots"), campaign_profile("gone")], FIRST))
    campaigns.write(campaigns_batch([campaign_profile("boots", embedding=NORTH)], SECOND))

    assert await reader.campaign_profiles(
        materialization=SECOND, campaign_ids=["boots", "gone"]
    ) == [CampaignProfile("boots", 3, NOON, NORTH)]


async def test_profiles_of_named_campaigns_are_those_that_exist(
    reader: VectorReader, campaigns: CampaignProfiles
) -> None:
    ids = [*HOSTILE_IDS, "tents"]
    campaigns.write(campaigns_batch([campaign_profile(campaign_id) for campaign_id in ids]))

    found = await reader.campaign_profiles(
        materialization=FIRST, campaign_ids=[*HOSTILE_IDS, "unknown"]
    )

    assert {profile.campaign_id for profile in found} == set(HOSTILE_IDS)
    assert await reader.campaign_profiles(materialization=FIRST, campaign_ids=[]) == []


async def test_the_most_similar_campaigns_come_first_without_the_campaign(
    reader: VectorReader, campaigns: CampaignProfiles
) -> None:
    rows = [
        campaign_profile("north", embedding=NORTH),
        campaign_profile("north-east", embedding=NORTH_EAST),
        campaign_profile("itself"),
    ]
    campaigns.write(campaigns_batch(rows, FIRST))
    campaigns.write(campaigns_batch([campaign_profile("of another release")], SECOND))

    found = await reader.similar_campaigns(
        EAST, 5, materialization=FIRST, exclude_campaign_id="itself"
    )

    assert found == [
        SimilarCampaign("north-east", pytest.approx(0.6, abs=1e-6)),
        SimilarCampaign("north", pytest.approx(0.0, abs=1e-6)),
    ]
    assert len(await reader.similar_campaigns(EAST, 1, materialization=FIRST)) == 1


async def test_before_the_first_ingest_there_are_no_profiles(reader: VectorReader) -> None:
    assert await reader.campaign_profiles(materialization=FIRST, campaign_ids=["boots"]) == []
    assert await reader.similar_campaigns(EAST, 5, materialization=FIRST) == []
