"""What is searched and dropped of a user: what the API was told of them, and the lake."""

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from time import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from mpp_assets.jobs.analytics_report import ReportFiles, ReportInput, build_report, write_report
from mpp_assets.jobs.datasets import replace_days
from mpp_assets.jobs.erasure import drop_remains, remaining, scrub_files
from mpp_assets.jobs.landing_files import SETTLED_SECONDS
from mpp_assets.jobs.topics import Topic
from mpp_stores.feedback_kind import FeedbackKind
from mpp_stores.lake import BatchSummary, Lake, fingerprint, visible_files
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.postgres.releases import publish, releases, rollback
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    USER_ENGAGEMENT_SCHEMA,
    Exposure,
    Feedback,
)
from mpp_stores.reports import HTML_NAME, report_folder
from mpp_stores.settings import StoreSettings
from mpp_stores.spool import Spool
from tests.assets.jobs.conversation_rows import event, events
from tests.assets.jobs.landed_files import land

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

    assert scrub_files(own, Lake(own.lake), erased) == {"files": 1, "records": 2}

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


def test_a_rejected_record_that_is_nested_too_deep_is_searched_as_text(spark, own, users):
    erased, other = users
    lake, file = Lake(own.lake), own.home / "a.jsonl"
    file.write_text(f'{{"user_id": "{erased}", "deep": {"[" * 2_000}{"]" * 2_000}}}')
    assert land(spark, lake, file).rejected_by_reason == {"record too deep": 1}
    for user, found in ((erased, 1), (other, 0)):
        assert remaining(own, lake, user)["lake/rejected_events"] == found


def test_the_last_user_with_events_can_be_erased(spark, own, users):
    lake = Lake(own.lake)
    rows = events(spark, [event(users[0], "boots", "1999-06-01T09:00:00")])
    [day] = {row.event_day for row in rows.collect()}
    replace_days(rows, lake.conversation_events, [day])
    assert remaining(own, lake, users[0])["lake/conversation_events"] == 1
    replace_days(rows.limit(0), lake.conversation_events, [day])
    drop_remains(own, lake, users[0], "the run that goes on")
    assert not any(remaining(own, lake, users[0]).values())


def test_what_interrupted_writes_left_of_the_user_is_found_and_dropped(own, users):
    erased, other = users
    lake = Lake(own.lake)
    day = "event_day=1999-06-01"
    staged = Path(".spark-staging-1f", day)
    lake.write_summary(BatchSummary("a.json", 4, "", False, 0, 0, 0, 0, {}, [], []))
    for folder, user in (
        (lake.landed("a.json", 4) / day, other),
        (lake.rejected("a.json", 4), other),
        (lake.conversation_events / day, other),
        (lake.landed("a.json", 3) / day, erased),
        (lake.rejected("a.json", 3), erased),
        (lake.conversation_events / staged, erased),
        (lake.message_embeddings / staged, erased),
    ):
        folder.mkdir(parents=True)
        columns = {"user_id": [user], "text": ["Hi!"], "record": [json.dumps({"user": user})]}
        pq.write_table(pa.table(columns), folder / "part-0.parquet")
    found = remaining(own, lake, erased)
    for place in ("landed_events", "rejected_events", "conversation_events", "message_embeddings"):
        assert found[f"lake/{place}"] == 1, place

    dropped = drop_remains(own, lake, erased, "the run that goes on")

    assert dropped["interrupted_writes"] == 4
    assert not any(remaining(own, lake, erased).values())
    kept = remaining(own, lake, other)
    assert [kept[f"lake/{each}_events"] for each in ("landed", "rejected", "conversation")] == [
        1
    ] * 3


def test_vectors_of_texts_that_no_message_has_any_more_are_dropped(own, users):
    lake = Lake(own.lake)
    said, unsaid = (hashlib.sha256(text.encode()).hexdigest() for text in ("Hi!", "Bye!"))
    for model in ("one", "other"):
        lake.text_vectors(model).mkdir(parents=True)
        vectors = pa.table({"text_hash": [said, unsaid], "embedding": [[1.0], [0.5]]})
        pq.write_table(vectors, lake.text_vectors(model) / "part-0.parquet")
    day = lake.conversation_events / "event_day=1999-06-01"
    day.mkdir(parents=True)
    pq.write_table(pa.table({"user_id": [users[1]], "text": ["Hi!"]}), day / "part-0.parquet")
    assert drop_remains(own, lake, users[0], "the run that goes on")["text_vectors"] == 2
    for model in ("one", "other"):
        assert pq.read_table(lake.text_vectors(model))["text_hash"].to_pylist() == [said]


def test_the_last_release_stays_although_an_earlier_one_is_served_again(own):
    earlier, between, last = (
        publish(own, dagster_run_id=run, data_through=AT.date(), quality={})
        for run in ("r1", "r2", "r3")
    )
    rollback(own, earlier.release_id)
    drop_remains(own, Lake(own.lake), "ada", "the run that goes on")
    kept = {each.release_id: each.is_kept for each in releases(own, 3)}
    assert kept == {earlier.release_id: True, between.release_id: False, last.release_id: True}


def copied(settings: StoreSettings, user: str, *, seconds_ago: float) -> Path:
    """A record of the user in the landing folder, as far as it was copied by then."""
    settings.landing.mkdir(exist_ok=True)
    file = settings.landing / "a.jsonl"
    file.write_text(json.dumps({"user_id": user}) + "\n")
    at = time() - seconds_ago
    os.utime(file, (at, at))
    return file


def test_a_file_that_is_still_being_copied_keeps_what_is_to_come(own, users):
    erased, other = users
    lake, file = Lake(own.lake), copied(own, erased, seconds_ago=0)
    with file.open("a") as copy:
        assert scrub_files(own, lake, erased) == {"files": 0, "records": 0}
        assert remaining(own, lake, erased)["files"] == 0  # and does not wait for its end
        copy.write(json.dumps({"user_id": other}) + "\n")
    records = map(json.loads, file.read_text().splitlines())
    assert [record["user_id"] for record in records] == [erased, other]


def test_a_file_that_nobody_writes_to_is_scrubbed_before_it_lands(own, users):
    lake, file = Lake(own.lake), copied(own, users[0], seconds_ago=SETTLED_SECONDS)
    assert scrub_files(own, lake, users[0]) == {"files": 1, "records": 1}
    assert users[0] not in file.read_text()


def test_a_file_that_has_landed_is_scrubbed_whatever_its_time(own, users):
    """As of a clock that is ahead: no other landing is to come, which would do so."""
    lake, file = Lake(own.lake), copied(own, users[0], seconds_ago=0)
    lake.write_summary(BatchSummary(file.name, 1, fingerprint(file), False, 1, 1, 0, 0, {}, [], []))
    assert scrub_files(own, lake, users[0]) == {"files": 1, "records": 1}


def reported(settings: StoreSettings, number: int, user: str, *examples: str) -> ReportFiles:
    """A report of a run of this number: 42 messages of the user, whose engagement is medium."""
    messages = {"message_count": 42, "first_at": AT, "last_at": AT, "active_days": 1}
    engagement = {"engagement_score": 0.5, "engagement_level": "medium"}
    shares = {"messages_per_user": 42.0, "returning_user_share": 0.0, "performance_score": 0.5}
    report = build_report(
        ReportInput(
            user_engagement=pa.Table.from_pylist(
                [messages | engagement | {"user_id": user, "campaign_id": "boots"}],
                USER_ENGAGEMENT_SCHEMA,
            ),
            campaign_performance=pa.Table.from_pylist(
                [
                    messages
                    | shares
                    | {"campaign_id": "boots", "user_count": 1, "recent_message_count": 0}
                ],
                CAMPAIGN_PERFORMANCE_SCHEMA,
            ),
            daily_activity=DAILY_ACTIVITY_SCHEMA.empty_table(),
            topics=[Topic(1, 42, 1, ["laces"], list(examples), [("boots", 42)])],
            campaign_names={},
            batches=[],
            data_through=AT.date(),
            dagster_run_id=f"run-{number}",
        )
    )
    return write_report(report, report_folder(settings.reports, number))


def said(spark, lake: Lake, user: str, text: str) -> None:
    rows = events(spark, [event(user, "boots", "1999-06-01T09:00:00", text)])
    replace_days(rows, lake.conversation_events, [AT.date()])


def test_a_report_that_mentions_an_id_is_not_one_of_the_user(spark, own, users):
    """A count, a level, a campaign, a word, and what somebody else says of the user."""
    erased, other = users
    lake, text = Lake(own.lake), f"{erased} told me about 7 laces"
    said(spark, lake, other, text)
    reported(own, 1, other, text)
    for user in (erased, "42", "medium", "boots", "laces", "7"):
        assert remaining(own, lake, user)["reports"] == 0, user
    assert remaining(own, lake, other)["reports"] == 1


def test_a_report_with_a_message_that_no_event_has_any_more_is_found(spark, own, users):
    erased, other = users
    lake = Lake(own.lake)
    said(spark, lake, other, "Hi!")
    reported(own, 1, other, "Hi!", "Bye!")
    assert remaining(own, lake, erased)["reports"] == 1


def test_a_page_of_another_report_than_that_beside_it_is_found(spark, own, users):
    erased, other = users
    lake = Lake(own.lake)
    said(spark, lake, other, "Hi!")
    earlier, later = (reported(own, number, other, "Hi!") for number in (1, 2))
    assert remaining(own, lake, erased)["reports"] == 0
    later.html.write_bytes(earlier.html.read_bytes())
    assert remaining(own, lake, erased)["reports"] == 1


def test_what_an_interrupted_write_left_of_a_report_is_searched(own, users):
    own.reports.mkdir()
    (own.reports / f".{HTML_NAME}.partial").write_text(f"<bdi>{users[0]}</bdi")
    assert [remaining(own, Lake(own.lake), user)["reports"] for user in users] == [1, 0]
