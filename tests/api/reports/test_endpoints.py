"""The report that is shown is that of the release which is served."""

import json
from pathlib import Path

import httpx
import pytest

from mpp_api.settings import ApiSettings
from mpp_stores.postgres import erasures
from mpp_stores.postgres.materializations import begin, complete
from mpp_stores.postgres.releases import rollback
from mpp_stores.records import Release
from mpp_stores.reports import HTML_NAME, JSON_NAME, report_folder
from mpp_stores.target import Digest
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.publishing import publish_what_is_complete

ASSET = "report/analytics_report"


def written(settings: ApiSettings, title: str) -> None:
    """A report that the next release will name."""
    [number] = begin(settings, asset=ASSET, partitions=[""], dagster_run_id=title).values()
    folder = report_folder(settings.reports, number)
    folder.mkdir(parents=True)
    (folder / JSON_NAME).write_text(json.dumps({"title": title}))
    (folder / HTML_NAME).write_text(f"<!doctype html><title>{title}</title>")
    complete(settings, {number: Digest(0, 0)})


@pytest.fixture
def report_settings(own_settings: ApiSettings, tmp_path: Path) -> ApiSettings:
    return own_settings.model_copy(update={"home": tmp_path})


async def titles(client: httpx.AsyncClient) -> tuple[str, str]:
    report, page = await client.get("/report"), await client.get("/report.html")
    assert report.status_code == page.status_code == 200, report.text + page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert report.json()["release"]["release_id"]
    return report.json()["report"]["title"], page.text.split("title>")[1].removesuffix("</")


async def test_the_report_changes_with_the_release_and_back(
    report_settings: ApiSettings, own_dataset: Dataset
) -> None:
    async with serving(report_settings) as client:
        before_any = await client.get("/report")
        written(report_settings, "first")
        first = publish_what_is_complete(report_settings, own_dataset)
        written(report_settings, "second")
        while_first_is_served = await titles(client)
        publish_what_is_complete(report_settings, own_dataset)
        while_second_is_served = await titles(client)
        rollback(report_settings, first.release_id)
        after_going_back = await titles(client)
    assert before_any.status_code == 404
    assert before_any.json()["type"] == "urn:problem-type:mpp:no-report"
    assert while_first_is_served == after_going_back == ("first", "first")
    assert while_second_is_served == ("second", "second")


async def test_a_report_of_a_user_who_is_being_erased_is_withheld_until_there_is_another(
    report_settings: ApiSettings, own_dataset: Dataset
) -> None:
    written(report_settings, "with ben")
    publish_what_is_complete(report_settings, own_dataset)
    async with serving(report_settings) as client:
        nobody = (await client.delete(f"/users/{own_dataset.id('nobody')}")).json()
        whole = await titles(client)
        erasures.mark_scrubbed(report_settings, nobody["erasure_id"], {})
        erasures.complete(report_settings, nobody["erasure_id"], {})
        whole_still = await titles(client)
        erasure = (await client.delete(f"/users/{own_dataset.id('ben')}")).json()
        withheld = [await client.get(path) for path in ("/report", "/report.html")]
        erasures.mark_scrubbed(report_settings, erasure["erasure_id"], {})
        still_withheld = await client.get("/report")
        written(report_settings, "without ben")
        publish_what_is_complete(report_settings, own_dataset)
        again = await titles(client)
    assert whole == whole_still == ("with ben", "with ben")
    assert [response.status_code for response in [*withheld, still_withheld]] == [503] * 3
    assert withheld[0].json()["type"] == "urn:problem-type:mpp:report-withheld"
    assert again == ("without ben", "without ben")


async def test_a_report_whose_files_are_elsewhere_is_a_404_problem(
    api_settings: ApiSettings, new_release: Release, tmp_path: Path
) -> None:
    async with serving(api_settings.model_copy(update={"home": tmp_path})) as client:
        response = await client.get("/report.html")
    assert response.status_code == 404
