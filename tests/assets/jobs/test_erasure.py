"""What the API was told of a user: feedback in Postgres, and events that have not landed."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from mpp_assets.jobs.erasure import drop_remains, remaining, scrub_files
from mpp_stores.feedback_kind import FeedbackKind
from mpp_stores.lake import Lake, visible_files
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.records import Exposure, Feedback
from mpp_stores.settings import StoreSettings
from mpp_stores.spool import Spool

AT = datetime(1999, 6, 1, 9, 31, tzinfo=UTC)


@pytest.fixture
def own(own_database: StoreSettings, tmp_path: Path) -> StoreSettings:
    """A platform in which others' replies are not cached and others' messages not stored."""
    redis_url = own_database.redis_url.get_secret_value().removesuffix("/0")
    return own_database.model_copy(
        update={
            "home": tmp_path,
            "mongo_database": f"test_{uuid.uuid4().hex}",
            "redis_url": SecretStr(f"{redis_url}/9"),
        }
    )


@pytest.fixture
def users() -> tuple[str, str]:
    """Whom no store that others share knows: who is erased, and who is not."""
    return f"ada-{uuid.uuid4().hex}", f"ben-{uuid.uuid4().hex}"


def spooled(settings: StoreSettings, *users: str) -> None:
    Spool(settings.landing).append(
        [
            {"user_id": user, "message": "Hi!", "timestamp": "2026-11-01", "campaign": "boots"}
            for user in users
        ]
    )


async def tell(settings: StoreSettings, *users: str) -> None:
    """Two campaigns shown to each, one clicked."""
    store = FeedbackStore(settings)
    for user in users:
        await store.add_exposures(
            [Exposure(f"request of {user}", user, ("boots", "tents"), "hybrid", "r1", AT)]
        )
        await store.record([Feedback(f"request of {user}", user, "boots", FeedbackKind.CLICK, AT)])
    await store.close()


def test_events_that_have_not_landed_are_scrubbed_as_well(
    own: StoreSettings, users: tuple[str, str]
) -> None:
    erased, other = users
    spooled(own, erased, other, erased)
    assert remaining(own, Lake(own.lake), erased)["spooled events"] == 2

    assert scrub_files(own, erased) == {"files": 1, "records": 2}

    [batch] = visible_files(own.landing)
    assert [json.loads(line)["user_id"] for line in batch.read_text().splitlines()] == [other]
    assert not any(remaining(own, Lake(own.lake), erased).values())


async def test_feedback_of_the_user_is_dropped_and_that_of_others_stays(
    own: StoreSettings, users: tuple[str, str]
) -> None:
    erased, other = users
    lake = Lake(own.lake)
    await tell(own, erased, other)
    assert remaining(own, lake, erased)["postgres/feedback"] == 3

    dropped = drop_remains(own, lake, erased, "the run that goes on")

    assert (dropped["exposures"], dropped["feedback"]) == (2, 1)
    assert not any(remaining(own, lake, erased).values())
    with connect(own) as connection:
        for table, rows in (("exposures", 2), ("feedback", 1)):
            kept = connection.execute(f"SELECT user_id FROM mpp.{table}").fetchall()
            assert kept == [(other,)] * rows
