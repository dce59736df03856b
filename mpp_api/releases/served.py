"""One look at what is published: everything a request needs to read one release throughout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import ValidationError

from mpp_api.releases.catalog import Catalog
from mpp_api.releases.state import ReleaseState
from mpp_stores.errors import StoreRejected
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import CampaignPerformance, Release


@dataclass(frozen=True, slots=True)
class Contents:
    """The materializations that a release names, by what is read from them.

    Those of messages have one number an event day, in order of the days; the derived ones a
    single number.
    """

    message_vectors: Sequence[int]
    documents: Sequence[int]
    user_profiles: int
    campaign_profiles: int
    engaged_with: int
    user_engagement: int
    campaign_performance: int
    campaigns: int

    @classmethod
    def of(cls, release_id: str, numbers: Mapping[str, Sequence[int]]) -> Self:
        """From the release's numbers by asset.

        Raises `StoreRejected` for a release that lacks a derived asset.
        """

        def only(asset: str) -> int:
            found = numbers.get(asset, ())
            if len(found) != 1:
                raise StoreRejected(
                    "postgres",
                    f"serve release {release_id}",
                    f"it names {len(found)} materializations of {asset}, not one",
                )
            return found[0]

        return cls(
            message_vectors=numbers.get("milvus/messages", ()),
            documents=numbers.get("mongo/conversations", ()),
            user_profiles=only("milvus/user_profiles"),
            campaign_profiles=only("milvus/campaign_profiles"),
            engaged_with=only("neo4j/engaged_with"),
            user_engagement=only("postgres/user_engagement"),
            campaign_performance=only("postgres/campaign_performance"),
            campaigns=only("postgres/campaigns"),
        )


def ranking_of(release: Release) -> RankingConfiguration:
    """How the release says that it is ranked.

    Raises `StoreRejected` for a configuration of another version of this platform.
    """
    try:
        return RankingConfiguration.model_validate(release.ranking)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise StoreRejected(
            "postgres", f"read the ranking of release {release.release_id}", faults
        ) from error


@dataclass(frozen=True, slots=True)
class ServedRelease:
    """A request takes one and reads by it until its reply is complete.

    `performances`, by campaign id, best first, are kept with the release as its catalogue is:
    what is the same for everybody asks no store. `erased` are the users who must not be served
    although the release may still hold their rows. `erasures_key` changes with them. A release
    is stale when it was published longer than `stale_after` ago.
    """

    release: Release
    ranking: RankingConfiguration
    contents: Contents
    catalog: Catalog
    performances: Mapping[str, CampaignPerformance]
    erased: ErasedSubjects
    erasures_key: str
    state: ReleaseState
    stale_after: timedelta

    def age(self, at: datetime | None = None) -> timedelta:
        """Since it was published, until now or `at`."""
        return (at or datetime.now(UTC)) - self.release.published_at

    @property
    def is_stale(self) -> bool:
        return self.age() > self.stale_after
