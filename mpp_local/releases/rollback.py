"""Serving an earlier release again, with the report that belongs to it."""

from dataclasses import dataclass

from mpp_stores.postgres import releases
from mpp_stores.records import Release
from mpp_stores.reports import show_report
from mpp_stores.settings import StoreSettings

REPORT = "report/analytics_report"


@dataclass(frozen=True, slots=True)
class RolledBack:
    release: Release
    report_shown: bool


def roll_back(settings: StoreSettings, release_id: str) -> RolledBack:
    """Raises `StoreRejected` for a release that is unknown or not kept."""
    release = releases.rollback(settings, release_id)
    reports = [
        each.materialization
        for each in releases.contents(settings, release.release_id)
        if each.asset == REPORT
    ]
    try:
        for report in reports:
            show_report(settings.reports, report)
    except FileNotFoundError:
        return RolledBack(release, report_shown=False)
    return RolledBack(release, report_shown=bool(reports))
