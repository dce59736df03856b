from dataclasses import asdict

from mpp_api.campaigns.schemas import CampaignPerformanceReply
from mpp_api.deadline import within
from mpp_api.errors import UnknownCampaign
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.releases.served import ServedRelease
from mpp_stores.postgres.reader import TableReader


async def campaign_performance(
    campaign_id: str, served: ServedRelease, tables: TableReader, timeout_seconds: float
) -> CampaignPerformanceReply:
    """Raises `UnknownCampaign` for a campaign without messages in the release."""
    performance = await within(
        timeout_seconds,
        "postgres",
        "read a campaign's performance",
        tables.campaign_performance(
            campaign_id, materialization=served.contents.campaign_performance
        ),
    )
    if performance is None:
        raise UnknownCampaign(campaign_id)
    return CampaignPerformanceReply(**asdict(performance), release=ReleaseReply.of(served))
