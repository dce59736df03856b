"""Which of the scored campaigns a question wants."""

from collections.abc import Iterable, Set
from decimal import Decimal

from mpp_api.recommendations.fusion import ScoredCampaign
from mpp_api.recommendations.requests import ListOptions
from mpp_api.releases.catalog import Catalog


def wanted(
    scored: Iterable[ScoredCampaign], options: ListOptions, seen: Set[str], catalog: Catalog
) -> list[ScoredCampaign]:
    """In the same order. Every filter that is given has to hold."""
    excluded = set(options.exclude_ids) | (seen if options.exclude_seen else frozenset())
    included, tags, topics = set(options.include_ids), set(options.tags), set(options.topic)
    min_score = Decimal(str(options.min_score))

    def is_wanted(candidate: ScoredCampaign) -> bool:
        campaign_id = candidate.campaign_id
        if campaign_id in excluded or (included and campaign_id not in included):
            return False
        if candidate.score < min_score:
            return False
        if not (tags or topics):
            return True
        campaign = catalog.campaign(campaign_id)
        return not (tags and tags.isdisjoint(campaign.tags)) and (
            not topics or campaign.topic in topics
        )

    return [candidate for candidate in scored if is_wanted(candidate)]
