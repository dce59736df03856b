from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from mpp_api.releases.served import ReleaseState, ServedRelease


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
    def of(cls, served: ServedRelease, at: datetime | None = None) -> Self:
        return cls(
            release_id=served.release.release_id,
            published_at=served.release.published_at,
            data_through=served.release.data_through,
            age_seconds=round(served.age(at).total_seconds(), 3),
            state=served.state,
        )
