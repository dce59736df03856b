"""Which landings a release holds, and dropping what no release needs any more."""

from collections.abc import Collection, Sequence

from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import BatchSummary, Lake
from mpp_stores.postgres import feedback, materializations
from mpp_stores.reports import drop_report
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS, open_target

LANDED_EVENTS = "lake/landed_events"
CONVERSATION_EVENTS = "lake/conversation_events"
IN_PLACE = (CONVERSATION_EVENTS, "lake/message_embeddings")
"""Of which a day's rows are replaced, not written beside the former."""

REPORT = "report/analytics_report"

UnbuiltDays = Sequence[tuple[BatchSummary, list[str]]]
"""Landings, each with the days it touched that still have to be built."""


def unpublished_landings(settings: StoreSettings, lake: Lake) -> list[BatchSummary]:
    """The batches as they landed last, those that no release names."""
    published = materializations.latest(settings, LANDED_EVENTS)
    return [
        batch
        for batch in lake.summaries()
        if batch.batch not in published or published[batch.batch].materialization != batch.landing
    ]


def unbuilt_days(settings: StoreSettings, lake: Lake) -> UnbuiltDays:
    """Of each of these, the touched days that were not built after it had landed."""
    built = {
        day: each.materialization
        for day, each in materializations.latest(settings, CONVERSATION_EVENTS).items()
    }
    return [
        (batch, [day for day in batch.touched_days if built.get(day, 0) <= batch.landing])
        for batch in unpublished_landings(settings, lake)
    ]


def refreshed_landings(landings: UnbuiltDays) -> list[BatchSummary]:
    """Those whose every touched day was built after they had landed."""
    return [batch for batch, unbuilt in landings if not unbuilt]


def half_refreshed(settings: StoreSettings, landings: UnbuiltDays) -> dict[str, list[str]]:
    """By batch, the days that have to be built after it landed, where another of its days is one
    that a release would show for the first time: with it, readers would see half of the batch."""
    new = materializations.unpublished(settings, CONVERSATION_EVENTS).keys()
    return {
        batch.batch: unbuilt
        for batch, unbuilt in landings
        if unbuilt and not new.isdisjoint(batch.touched_days)
    }


def drop_unneeded(
    settings: StoreSettings, run_id: str, assets: Collection[str] | None = None
) -> dict[str, int]:
    """Drop what no kept release names and nothing newer of which is still being written; of these
    assets, or of all.

    `run_id` is the run that goes on. Returns the rows dropped by target. Landings stay: the
    lake keeps one a batch, and the days of an unfinished one are still to be refreshed.
    """
    dropped = {}
    found = materializations.droppable(settings, except_run=run_id, in_place=IN_PLACE)
    for asset, numbers in found.items():
        if asset == LANDED_EVENTS or (assets is not None and asset not in assets):
            continue
        if asset in TARGETS:
            with open_target(asset, settings) as target:
                target.prepare()
                dropped[asset] = target.drop(numbers)
        elif asset == REPORT:
            for number in numbers:
                drop_report(settings.reports, number)
        materializations.forget(settings, numbers)
    return dropped


def drop_old_exposures(settings: PipelineSettings) -> dict[str, int]:
    """The same, of what replies showed: nothing where `kept_exposure_days` is not set."""
    days = settings.kept_exposure_days
    if days is None:
        return {}
    return {"postgres/exposures": feedback.drop_exposures(settings, older_than_days=days)}
