"""Erasing a user takes two runs, with a refresh between them.

Runs are told the id of the erasure, not of the user: Dagster keeps what it is told.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mpp_assets.jobs.erasure import drop_remains, remaining, scrub_files
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_stores.postgres import erasures
from mpp_stores.records import Erasure


class ErasureConfig(dg.Config):
    """`erasure_id`, as `mpp erase` and the API hand it out."""

    erasure_id: str


@dg.op(pool=POOL)
def scrub_landed_files(
    context: dg.OpExecutionContext, config: ErasureConfig, platform: Platform
) -> None:
    """Remove the user's records from every landed file."""
    erasure = _open(context, platform, config)
    if erasure is None:
        return
    counts = scrub_files(platform.settings, platform.lake, erasure.user_id or "")
    erasures.mark_scrubbed(platform.settings, erasure.erasure_id, counts)
    context.log.info("scrubbed %s", counts)


@dg.op(pool=POOL)
def verify_and_complete(
    context: dg.OpExecutionContext, config: ErasureConfig, platform: Platform
) -> None:
    """Drop what earlier releases held, search every place, and write the receipt.

    Fails while anything of the user is left; the erasure then stays open.
    """
    erasure = _open(context, platform, config)
    if erasure is None:
        return
    if erasure.scrubbed_at is None:
        raise dg.Failure(f"erasure {erasure.erasure_id} is not scrubbed yet", allow_retries=False)
    receipt = erasure.receipt  # of one that was interrupted after it was verified
    if erasure.user_id is not None:
        receipt = _verify(platform, erasure, erasure.user_id, context.run_id)
    erasures.complete(platform.settings, erasure.erasure_id, receipt)
    context.log.info("receipt %s", receipt)


def _verify(platform: Platform, erasure: Erasure, user_id: str, run_id: str) -> dict[str, Any]:
    """Returns the receipt."""
    settings, lake = platform.settings, platform.lake
    dropped = drop_remains(settings, lake, user_id, run_id)
    left = remaining(settings, lake, user_id)
    if any(left.values()):
        raise dg.Failure(
            f"erasure {erasure.erasure_id} is not complete: the user is still in "
            + ", ".join(f"{place} ({count})" for place, count in left.items() if count),
            allow_retries=False,
        )
    return {
        "erasure_id": erasure.erasure_id,
        "requested_at": erasure.requested_at.isoformat(),
        "verified_at": datetime.now(UTC).isoformat(),
        "removed_from_files": erasure.receipt,
        "dropped": dropped,
        "remaining": left,
        "verified": True,
    }


def _open(
    context: dg.OpExecutionContext, platform: Platform, config: ErasureConfig
) -> Erasure | None:
    """None for one that another run completed while this one waited."""
    erasure = erasures.find(platform.settings, config.erasure_id)
    if erasure is None:
        raise dg.Failure(f"there is no erasure {config.erasure_id!r}", allow_retries=False)
    if erasure.completed_at is not None:
        context.log.info("erasure %s is complete already", erasure.erasure_id)
        return None
    return erasure


@dg.job
def scrub_user() -> None:
    """First half of an erasure."""
    scrub_landed_files()


@dg.job
def complete_erasure() -> None:
    """Second half of an erasure, once a release holds no event of the user."""
    verify_and_complete()
