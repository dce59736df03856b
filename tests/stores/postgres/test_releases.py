import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date

import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.postgres.releases import current_release, publish, releases
from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings


def publish_as(
    settings: StoreSettings, schema_name: str, run_id: str, quality: float = 0.5
) -> Release:
    return publish(
        settings,
        dagster_run_id=run_id,
        data_through=date(1999, 3, 1),
        row_counts={"postgres/user_engagement": 3},
        quality={"hit_rate_at_5": quality},
        schema_name=schema_name,
    )


def new_run_id() -> str:
    return str(uuid.uuid4())


def test_before_the_first_release_there_is_no_current_one(
    settings: StoreSettings, schema_name: str
) -> None:
    assert current_release(settings, schema_name=schema_name) is None
    assert releases(settings, limit=5, schema_name=schema_name) == []


def test_a_published_release_is_the_current_one(settings: StoreSettings, schema_name: str) -> None:
    run_id = new_run_id()
    release = publish_as(settings, schema_name, run_id)
    assert current_release(settings, schema_name=schema_name) == release
    assert release == Release(
        release_id=release.release_id,
        published_at=release.published_at,
        dagster_run_id=run_id,
        data_through=date(1999, 3, 1),
        row_counts={"postgres/user_engagement": 3},
        quality={"hit_rate_at_5": 0.5},
        predecessor=None,
    )


def test_a_release_id_says_when_and_by_which_run(settings: StoreSettings, schema_name: str) -> None:
    run_id = new_run_id()
    release = publish_as(settings, schema_name, run_id)
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", release.release_id)
    moment = f"{release.published_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert release.release_id == f"{moment}-{run_id[:8]}"


def test_a_release_names_the_one_before_it(settings: StoreSettings, schema_name: str) -> None:
    first, second, third = (publish_as(settings, schema_name, new_run_id()) for _ in range(3))
    assert (second.predecessor, third.predecessor) == (first.release_id, second.release_id)
    assert releases(settings, limit=2, schema_name=schema_name) == [third, second]


def test_a_run_that_publishes_twice_gets_the_same_release(
    settings: StoreSettings, schema_name: str
) -> None:
    run_id = new_run_id()
    first = publish_as(settings, schema_name, run_id)
    assert publish_as(settings, schema_name, run_id, quality=0.9) == first
    assert releases(settings, limit=5, schema_name=schema_name) == [first]


def test_publishing_again_does_not_undo_a_later_release(
    settings: StoreSettings, schema_name: str
) -> None:
    run_id = new_run_id()
    publish_as(settings, schema_name, run_id)
    later = publish_as(settings, schema_name, new_run_id())
    publish_as(settings, schema_name, run_id)
    assert current_release(settings, schema_name=schema_name) == later


def test_runs_publishing_at_once_form_one_line(settings: StoreSettings, schema_name: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        run_ids = [new_run_id() for _ in range(8)]
        list(threads.map(lambda run_id: publish_as(settings, schema_name, run_id), run_ids))
    line = releases(settings, limit=10, schema_name=schema_name)
    assert len(line) == 8
    successors = [*(release.release_id for release in line[1:]), None]
    assert [release.predecessor for release in line] == successors


def test_a_figure_that_is_not_a_number_is_refused(
    settings: StoreSettings, schema_name: str
) -> None:
    with pytest.raises(StoreRejected):
        publish_as(settings, schema_name, new_run_id(), quality=float("nan"))
    assert current_release(settings, schema_name=schema_name) is None


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        current_release(dead_settings)
