"""Who was erased, for requests that take data in rather than serve a release."""

from typing import Annotated

from fastapi import Depends

from mpp_api.dependencies import CurrentLegs, OpenStores, Releases
from mpp_api.errors import NoRelease, ReleaseUnknown
from mpp_api.resilience.leg import Leg
from mpp_stores.postgres.erasures import ErasedSubjects


async def known_erasures(
    stores: OpenStores, releases: Releases, legs: CurrentLegs
) -> ErasedSubjects:
    """What this process knows: nobody, where Postgres never answered. Whatever comes in of an
    erased user all the same is removed when it lands, or by the erasure."""
    try:
        return (await releases.served()).erased
    except NoRelease:
        found = await legs.run(Leg.TABLE, "read who was erased", stores.tables.erased_subjects)
    except ReleaseUnknown:
        found = None
    return found or ErasedSubjects(b"", frozenset())


KnownErasures = Annotated[ErasedSubjects, Depends(known_erasures)]
