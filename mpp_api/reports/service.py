"""The analytics report of the served release, never of another."""

import asyncio
from pathlib import Path
from typing import Final

from mpp_api.releases.served import ServedRelease
from mpp_api.reports.errors import NoReport, ReportWithheld
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_stores.postgres.reader import TableReader
from mpp_stores.records import Materialization
from mpp_stores.reports import report_folder

ANALYTICS_REPORT: Final = "report/analytics_report"


async def report_file(
    name: str, *, reports: Path, served: ServedRelease, tables: TableReader, legs: Legs
) -> bytes:
    """The file `name` of the report that the release names.

    A report cannot be served in part: it lists users and quotes messages.

    Raises:
        NoReport: the release names none, or its file is not here.
        ReportWithheld: it was made of a user who asked to be forgotten since.
    """
    materialization = await _report_of(served, tables, legs)
    names_erased_users = await legs.required(
        Leg.TABLE,
        "read who was erased since the report",
        lambda: tables.names_erased_users(
            materialization.begun_at, user_engagement=served.contents.user_engagement
        ),
    )
    if names_erased_users:
        raise ReportWithheld
    path = report_folder(reports, materialization.materialization) / name
    try:
        return await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError as error:
        raise NoReport(served.release.release_id) from error


async def _report_of(served: ServedRelease, tables: TableReader, legs: Legs) -> Materialization:
    contents = await legs.required(
        Leg.TABLE,
        "read the contents of the release",
        lambda: tables.materializations(served.release.release_id, [""]),
    )
    for each in contents:
        if each.asset == ANALYTICS_REPORT:
            return each
    raise NoReport(served.release.release_id)
