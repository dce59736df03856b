"""What was published, and what each release serves."""

from mpp_api.releases.errors import UnknownRelease
from mpp_api.releases.schemas import (
    ListedRelease,
    MaterializationReply,
    ReleaseDetailsReply,
    ReleasesReply,
)
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import Release


async def releases(
    limit: int,
    before: str | None,
    *,
    served: ServedRelease | None,
    tables: TableReader,
    legs: Legs,
) -> ReleasesReply:
    """Raises `UnknownRelease` for a `before` that was never published."""
    if before is not None:
        await _release(before, tables, legs)
    found = await legs.required(
        Leg.TABLE, "list the releases", lambda: tables.releases(limit + 1, before=before)
    )
    page = found[:limit]
    return ReleasesReply(
        releases=[ListedRelease.listed(release, served) for release in page],
        next_before=page[-1].release_id if len(found) > limit else None,
    )


async def release_details(
    release_id: str, *, served: ServedRelease | None, tables: TableReader, legs: Legs
) -> ReleaseDetailsReply:
    """Raises `UnknownRelease`."""
    release = await _release(release_id, tables, legs)
    contents = await legs.required(
        Leg.TABLE,
        "read the contents of the release",
        lambda: tables.materializations(release_id),
    )
    return ReleaseDetailsReply(
        **ListedRelease.listed(release, served).model_dump(),
        materializations=[MaterializationReply.model_validate(each) for each in contents],
    )


async def _release(release_id: str, tables: TableReader, legs: Legs) -> Release:
    found = await legs.required(Leg.TABLE, "read a release", lambda: tables.release(release_id))
    if found is None:
        raise UnknownRelease(release_id)
    return found
