from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.releases.state import ReleaseState

if TYPE_CHECKING:
    from mpp_api.releases.served import ServedRelease
    from mpp_stores.records import Release


class ReleaseReply(BaseModel):
    """The release that the whole reply was read from."""

    release_id: str = Field(examples=["19990312T061232Z-33644434"])
    published_at: datetime
    data_through: date = Field(description="Last event day in the release.")
    age_seconds: float = Field(
        description="Since published_at when the reply was computed. The header "
        "X-Release-Age-Seconds has the age now, also for a cached reply."
    )
    state: ReleaseState = Field(
        description="last-known: Postgres is down, and this is what it answered last."
    )

    @classmethod
    def of(cls, served: "ServedRelease", at: datetime | None = None) -> Self:
        return cls(
            release_id=served.release.release_id,
            published_at=served.release.published_at,
            data_through=served.release.data_through,
            age_seconds=round(served.age(at).total_seconds(), 3),
            state=served.state,
        )


class MaterializationReply(BaseModel):
    """One writing of one asset partition, whose rows the release serves."""

    model_config = ConfigDict(from_attributes=True)

    asset: str = Field(examples=["milvus/messages"])
    partition: str = Field(
        description="A batch, a day, or empty for an asset without partitions.",
        examples=["1999-03-12"],
    )
    materialization: int = Field(
        description="Its number, which is on every row of it.", examples=[417]
    )
    dagster_run_id: str = Field(examples=["33644434-7d0d-4c4e-9f8e-4a4c1a1e1f2d"])
    completed_at: datetime | None = Field(description="When all of it was written.")
    row_count: int | None = Field(examples=[168])


class PublishedRelease(BaseModel):
    """A release as it was published."""

    model_config = ConfigDict(from_attributes=True)

    release_id: str = Field(examples=["19990312T061232Z-33644434"])
    published_at: datetime
    dagster_run_id: str = Field(examples=["33644434-7d0d-4c4e-9f8e-4a4c1a1e1f2d"])
    data_through: date = Field(description="Last event day in the release.")
    predecessor: str | None = Field(description="What was served before it was published.")
    is_kept: bool = Field(description="Whether the stores still hold its rows.")
    row_counts: dict[str, int] = Field(
        description="Rows by asset.", examples=[{"milvus/messages": 2000}]
    )
    quality: dict[str, float] = Field(
        description="Figures of the checks that it passed.", examples=[{"rejected_share": 0.02}]
    )
    ranking: dict[str, Any] = Field(description="How its recommendations are ranked.")
    embedding_model: str = Field(
        description="Whose vectors it holds.", examples=["all-MiniLM-L6-v2"]
    )


class ReleaseDetails(PublishedRelease):
    is_served: bool = Field(description="Whether requests are answered from it now.")

    @classmethod
    def of(cls, release: "Release", served: "ServedRelease | None") -> Self:
        is_served = served is not None and served.release.release_id == release.release_id
        return cls(**asdict(release), is_served=is_served)


class ReleasesReply(BaseModel):
    releases: list[ReleaseDetails] = Field(description="Published last first.")
    next_before: str | None = Field(
        description="`before` of the next page; null on the last one.",
        examples=["19990312T061232Z-33644434"],
    )


class MaterializationsReply(BaseModel):
    release_id: str = Field(examples=["19990312T061232Z-33644434"])
    materializations: list[MaterializationReply] = Field(
        description="What it serves, in the order of their numbers, which is that of their runs; "
        "empty for a release that is not kept."
    )
    next_cursor: str | None = Field(description="null on the last page.")
