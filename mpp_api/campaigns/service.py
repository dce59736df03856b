from mpp_api.campaigns.schemas import CampaignPerformanceReply
from mpp_api.deadline import within
from mpp_api.errors import UnknownCampaign
from mpp_stores.postgres.reader import TableReader


async def campaign_performance(
    campaign_id: str, tables: TableReader, timeout_seconds: float
) -> CampaignPerformanceReply:
    """Raises `UnknownCampaign` for a campaign without messages in the release."""
    performance = await within(
        timeout_seconds,
        "postgres",
        "read a campaign's performance",
        tables.campaign_performance(campaign_id),
    )
    if performance is None:
        raise UnknownCampaign(campaign_id)
    return CampaignPerformanceReply.model_validate(performance)
