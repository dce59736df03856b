"""What was published, and what each release serves."""

from collections.abc import Sequence

from mpp_api.paging.cursor import Position, list_key, read_page
from mpp_api.releases.errors import UnknownRelease
from mpp_api.releases.schemas import (
    MaterializationReply,
    MaterializationsReply,
    ReleaseDetails,
    ReleasesReply,
)
from mpp_api.releases.served import ServedRelease
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import Materialization, Release


class MaterializationPosition(Position):
    materialization: int


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
        await known_release(before, tables=tables, legs=legs)
    found = await legs.required(
        Leg.TABLE, "list the releases", lambda: tables.releases(limit + 1, before=before)
    )
    page = found[:limit]
    return ReleasesReply(
        releases=[ReleaseDetails.of(release, served) for release in page],
        next_before=page[-1].release_id if len(found) > limit else None,
    )


async def known_release(release_id: str, *, tables: TableReader, legs: Legs) -> Release:
    """Raises `UnknownRelease`."""
    found = await legs.required(Leg.TABLE, "read a release", lambda: tables.release(release_id))
    if found is None:
        raise UnknownRelease(release_id)
    return found


async def materializations(
    release_id: str,
    limit: int,
    cursor: str,
    asset: str | None,
    *,
    tables: TableReader,
    legs: Legs,
) -> MaterializationsReply:
    """Raises `UnknownRelease` and `ListChanged`."""
    key = list_key("materializations", release_id, asset=asset)
    start = MaterializationPosition.read(cursor, key)
    await known_release(release_id, tables=tables, legs=legs)

    async def read(at: MaterializationPosition | None, most: int) -> Sequence[Materialization]:
        after = at.materialization if at is not None else 0
        return await legs.required(
            Leg.TABLE,
            "read the contents of the release",
            lambda: tables.materializations_after(after, release_id, most, asset=asset),
        )

    def position_of(row: Materialization) -> MaterializationPosition:
        return MaterializationPosition(list_key=key, materialization=row.materialization)

    page = await read_page(limit, start, read=read, position_of=position_of)
    return MaterializationsReply(
        release_id=release_id,
        materializations=[MaterializationReply.model_validate(each) for each in page.items],
        next_cursor=page.next_cursor,
    )
