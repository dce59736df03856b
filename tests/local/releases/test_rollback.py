from datetime import date

import pytest

from mpp_local.batches.served import ServedReader
from mpp_local.releases.rollback import roll_back
from mpp_stores.errors import StoreRejected
from mpp_stores.postgres import materializations, releases
from mpp_stores.records import Release
from mpp_stores.reports import NAMES, report_folder, show_report
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest


def published(settings: StoreSettings, run: str) -> Release:
    """A release with a landing of a.json, and a report that holds the run's name."""
    numbers = {
        asset: materializations.begin(
            settings, asset=asset, partitions=[partition], dagster_run_id=run
        )[partition]
        for asset, partition in (("lake/landed_events", "a.json"), ("report/analytics_report", ""))
    }
    materializations.complete(settings, {number: Digest(1, 1) for number in numbers.values()})
    report = report_folder(settings.reports, numbers["report/analytics_report"])
    report.mkdir(parents=True)
    for name in NAMES:
        (report / name).write_text(run)
    show_report(settings.reports, numbers["report/analytics_report"])
    return releases.publish(
        settings, dagster_run_id=run, data_through=date(1999, 3, 1), quality={}, agreeing=[]
    )


def reports_shown(settings: StoreSettings) -> set[str]:
    return {(settings.reports / name).read_text() for name in NAMES}


def test_an_earlier_release_is_served_again_with_its_report(empty_platform: StoreSettings) -> None:
    first = published(empty_platform, "run-1")
    published(empty_platform, "run-2")
    assert reports_shown(empty_platform) == {"run-2"}
    outcome = roll_back(empty_platform, first.release_id)
    assert outcome.report_shown
    assert outcome.release.release_id == first.release_id
    served = releases.current_release(empty_platform)
    assert served is not None
    assert served.release_id == first.release_id
    assert reports_shown(empty_platform) == {"run-1"}


def test_a_release_whose_report_is_gone_is_served_nevertheless(
    empty_platform: StoreSettings,
) -> None:
    first = published(empty_platform, "run-1")
    published(empty_platform, "run-2")
    for file in (empty_platform.reports / "materializations").glob("*/*"):
        file.unlink()
    outcome = roll_back(empty_platform, first.release_id)
    assert not outcome.report_shown
    assert outcome.release.release_id == first.release_id


def test_a_release_that_there_is_not_changes_nothing(empty_platform: StoreSettings) -> None:
    only = published(empty_platform, "run-1")
    with pytest.raises(StoreRejected, match="there is no such release"):
        roll_back(empty_platform, "r0")
    served = releases.current_release(empty_platform)
    assert served is not None
    assert served.release_id == only.release_id


def test_the_landings_served_are_those_of_the_release_served_now(
    empty_platform: StoreSettings,
) -> None:
    served = ServedReader(empty_platform)
    assert served().release is None
    first = published(empty_platform, "run-1")
    earlier = served()
    published(empty_platform, "run-2")
    later = served()
    assert later.landings["a.json"] > earlier.landings["a.json"]
    roll_back(empty_platform, first.release_id)
    assert served().landings == earlier.landings
