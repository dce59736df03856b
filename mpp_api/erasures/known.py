"""Who was erased, for requests that take data in rather than serve a release."""

from typing import Annotated

from fastapi import Depends

from mpp_api.dependencies import CurrentLegs, OpenStores, Releases
from mpp_api.resilience.legs import Leg
from mpp_stores.errors import StoreError
from mpp_stores.postgres.erasures import ErasedSubjects


async def known_erasures(
    stores: OpenStores, releases: Releases, legs: CurrentLegs
) -> ErasedSubjects:
    """What this process knows: nobody, where Postgres never answered. Whatever comes in of an
    erased user all the same is removed when it lands, or by the erasure."""
    served = await releases.served_if_any()
    if served is not None:
        return served.erased
    try:
        return await legs.required(Leg.TABLE, "read who was erased", stores.tables.erased_subjects)
    except StoreError:
        return ErasedSubjects(b"", frozenset())


KnownErasures = Annotated[ErasedSubjects, Depends(known_erasures)]
