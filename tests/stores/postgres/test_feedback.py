from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.feedback_kind import FeedbackKind
from mpp_stores.postgres import feedback
from mpp_stores.postgres.feedback import FeedbackStore
from mpp_stores.records import Dismissal, Exposure, Feedback, FeedbackCounts
from mpp_stores.settings import StoreSettings

AT = datetime(2026, 6, 1, 9, 31, tzinfo=UTC)
REQUEST = "0f8fad5bd9cb469fa16570867728950e"
INJECTION = "ada'; DROP TABLE mpp.feedback; --"
NOTHING_COUNTED = FeedbackCounts(0, 0, 0, 0, 0)


@pytest.fixture
async def store(settings: StoreSettings, schema_name: str) -> AsyncIterator[FeedbackStore]:
    store = FeedbackStore(settings, schema_name=schema_name)
    yield store
    await store.close()


def shown(user_id: str | None = "ada", *campaign_ids: str, **changed: Any) -> Exposure:
    values: dict[str, Any] = {
        "request_id": REQUEST,
        "user_id": user_id,
        "campaign_ids": campaign_ids or ("boots", "tents"),
        "strategy": "hybrid",
        "release_id": "r1",
        "shown_at": AT,
    }
    return Exposure(**values | changed)


def said(
    kind: FeedbackKind = FeedbackKind.CLICK,
    campaign_id: str = "boots",
    user_id: str | None = "ada",
    request_id: str = REQUEST,
    at: datetime = AT,
) -> Feedback:
    return Feedback(request_id, user_id, campaign_id, kind, at)


async def test_a_database_without_tables_reads_as_empty(store: FeedbackStore) -> None:
    assert await store.dismissed("ada") == frozenset()
    assert await store.dismissals("ada") == []
    assert await store.counts("boots") == NOTHING_COUNTED
    assert await _known(store, "boots") == frozenset()
    await store.undo_dismissal("ada", "boots")


async def test_feedback_is_recorded_once_however_often_it_is_sent(store: FeedbackStore) -> None:
    others = [
        said(FeedbackKind.IMPRESSION),
        said(campaign_id="tents"),
        said(user_id="ben"),
        said(user_id=None),
        said(request_id="1" * 32),
    ]
    assert await store.record([said(), said(user_id=None)]) == [True, True]
    again = await store.record([said(), *others, others[0]])
    assert again == [False, True, True, True, False, True, False]
    assert await store.counts("boots") == FeedbackCounts(
        exposures=0, impressions=1, clicks=4, dismissals=0, conversions=0
    )


async def test_exposures_that_postgres_refuses_are_not_logged_in_part(store: FeedbackStore) -> None:
    with pytest.raises(StoreRejected, match="could not log exposures"):
        await store.add_exposures([shown("ada"), shown("nul\x00")])
    assert await store.counts("boots") == NOTHING_COUNTED


async def test_a_list_that_postgres_refuses_is_not_recorded_in_part(store: FeedbackStore) -> None:
    with pytest.raises(StoreRejected, match="could not record feedback"):
        await store.record([said(), said(user_id="nul\x00")])
    assert await store.counts("boots") == NOTHING_COUNTED


async def test_exposures_are_a_row_a_campaign_and_logging_them_again_adds_none(
    store: FeedbackStore,
) -> None:
    once = [shown(), shown("ben", "boots"), shown(None, "boots", first_rank=11)]
    await store.add_exposures(once)
    await store.add_exposures([*once, shown("ada", "maps", first_rank=3)])
    counts = [(await store.counts(campaign)).exposures for campaign in ("boots", "tents", "maps")]
    assert counts == [3, 1, 1]


async def test_what_a_user_dismissed_is_known_until_it_is_undone(store: FeedbackStore) -> None:
    dismissals = [
        said(FeedbackKind.DISMISS),
        said(FeedbackKind.DISMISS, request_id="1" * 32),
        said(FeedbackKind.DISMISS, "tents"),
        said(FeedbackKind.CLICK, "maps"),
        said(FeedbackKind.DISMISS, "lamps", "ben"),
        said(FeedbackKind.DISMISS, "stoves", None),
    ]
    await store.record(dismissals)
    assert await store.dismissed("ada") == {"boots", "tents"}
    await store.undo_dismissal("ada", "boots")
    assert await store.dismissed("ada") == {"tents"}
    assert await store.dismissed("ben") == {"lamps"}
    assert await store.record([said(FeedbackKind.DISMISS)]) == [True]


async def test_what_a_user_dismissed_is_listed_once_with_its_last_time_newest_first(
    store: FeedbackStore,
) -> None:
    dismissals = [
        said(FeedbackKind.DISMISS, "boots"),
        said(FeedbackKind.DISMISS, "lamps", at=AT + timedelta(hours=1)),
        said(FeedbackKind.DISMISS, "cards"),
        said(FeedbackKind.DISMISS, "boots", request_id="1" * 32, at=AT + timedelta(hours=2)),
        said(FeedbackKind.CLICK, "maps"),
        said(FeedbackKind.DISMISS, "stoves", "ben"),
    ]
    await store.record(dismissals)
    assert await store.dismissals("ada") == [
        Dismissal("boots", AT + timedelta(hours=2)),
        Dismissal("lamps", AT + timedelta(hours=1)),
        Dismissal("cards", AT),
    ]
    await store.undo_dismissal("ada", "boots")
    assert [each.campaign_id for each in await store.dismissals("ada")] == ["lamps", "cards"]


async def test_a_campaign_that_was_ever_shown_is_known(store: FeedbackStore) -> None:
    await store.add_exposures([shown("ada", "boots", "tents")])
    assert await _known(store, "boots", "maps", "tents", INJECTION) == {"boots", "tents"}


async def test_ids_are_bound_never_read_as_sql(store: FeedbackStore) -> None:
    await store.record([said(FeedbackKind.DISMISS, INJECTION, INJECTION)])
    assert await store.dismissed(INJECTION) == {INJECTION}
    assert await store.dismissals(INJECTION) == [Dismissal(INJECTION, AT)]
    assert (await store.counts(INJECTION)).dismissals == 1
    assert await store.dismissed("ada") == frozenset()


async def test_deleting_a_user_removes_theirs_from_both_tables_and_nobody_elses(
    store: FeedbackStore, settings: StoreSettings, schema_name: str
) -> None:
    await store.add_exposures([shown("ada"), shown("ben", "boots"), shown(None, "boots")])
    await store.record([said(), said(user_id="ben"), said(user_id=None)])
    assert feedback.rows_of_user(settings, "ada", schema_name=schema_name) == 3
    deleted = feedback.delete_user(settings, "ada", schema_name=schema_name)
    assert deleted == {"exposures": 2, "feedback": 1}
    assert feedback.rows_of_user(settings, "ada", schema_name=schema_name) == 0
    assert feedback.rows_of_user(settings, "ben", schema_name=schema_name) == 2
    assert await store.counts("boots") == FeedbackCounts(
        exposures=2, impressions=0, clicks=2, dismissals=0, conversions=0
    )


def test_a_database_without_tables_holds_nothing_of_a_user(
    settings: StoreSettings, schema_name: str
) -> None:
    assert feedback.rows_of_user(settings, "ada", schema_name=schema_name) == 0
    deleted = feedback.delete_user(settings, "ada", schema_name=schema_name)
    assert deleted == {"exposures": 0, "feedback": 0}


async def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    store = FeedbackStore(dead_settings)
    with pytest.raises(StoreUnavailable, match="postgres: could not record feedback"):
        await store.record([said()])
    await store.close()


async def _known(store: FeedbackStore, *campaign_ids: str) -> frozenset[str]:
    return await store.known_campaigns(campaign_ids, campaign_performance=None, campaigns=None)
