"""The campaigns of one release, as the campaign file described them."""

from collections.abc import Iterable, Set
from datetime import date

from mpp_stores.records import Campaign


class Catalog:
    """Read with the release and kept for as long as it is served, so that campaigns that
    ended stay left out while Postgres is down."""

    def __init__(self, campaigns: Iterable[Campaign] = ()) -> None:
        self._described = {campaign.campaign_id: campaign for campaign in campaigns}

    def campaign(self, campaign_id: str) -> Campaign:
        """One that the file does not describe is named by its id, and runs."""
        return self._described.get(campaign_id) or Campaign(
            campaign_id=campaign_id,
            name=campaign_id,
            topic="",
            description="",
            tags=[],
            starts_on=None,
            ends_on=None,
            is_active=True,
        )

    @property
    def described_ids(self) -> Set[str]:
        return self._described.keys()

    def describes(self, campaign_id: str) -> bool:
        return campaign_id in self._described

    def not_running(self, on: date) -> frozenset[str]:
        """The ids of those that may not be recommended on this UTC day."""
        return frozenset(
            campaign.campaign_id
            for campaign in self._described.values()
            if not campaign.is_running(on)
        )
