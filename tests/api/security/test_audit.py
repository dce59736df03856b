import asyncio
import logging
import uuid
from typing import Any

import httpx
import pytest
from psycopg.rows import dict_row

from mpp_api.deadline import Deadline
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.security.audit import Audit
from mpp_api.security.key_ring import Caller
from mpp_api.settings import ApiSettings
from mpp_stores.api_keys import Role
from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres.connection import connect
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.keys import RECORDS

ADMIN_KEY_ID = RECORDS[-1].key_id
ENTRIES = "SELECT * FROM mpp.audit_log WHERE request_id = %s"


def entries(settings: ApiSettings, reply: httpx.Response) -> list[dict[str, Any]]:
    return entries_of(settings, reply.headers["X-Request-Id"])


def entries_of(settings: ApiSettings, request_id: str) -> list[dict[str, Any]]:
    with connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(ENTRIES, [request_id]).fetchall()


async def test_an_erasure_is_recorded_with_its_id_and_not_the_users(
    empty_settings: ApiSettings,
) -> None:
    async with serving(empty_settings) as client:
        replies = [
            await client.delete("/users/audited-user"),
            await client.post("/erasures", json={"user_id": "audited-user"}),
        ]
        erasure_id = replies[0].json()["erasure_id"]
        replies.append(await client.get(f"/erasures/{erasure_id}"))
    for reply, action in zip(
        replies, ("request-erasure", "request-erasure", "read-erasure"), strict=True
    ):
        [entry] = entries(empty_settings, reply)
        assert entry["action"] == action
        assert entry["key_id"] == ADMIN_KEY_ID
        assert entry["subject"] == erasure_id
        assert entry["outcome"] == "done"
        assert "audited-user" not in str(entry)


async def test_what_came_to_nothing_is_recorded_without_what_was_asked_for(
    empty_settings: ApiSettings,
) -> None:
    async with serving(empty_settings) as client:
        reply = await client.get("/erasures/audited-user")
    assert reply.status_code == 404
    [entry] = entries(empty_settings, reply)
    assert (entry["outcome"], entry["subject"]) == ("UnknownErasure", "")


async def test_an_erasure_that_goes_on_though_its_request_failed_is_recorded_with_its_id(
    empty_settings: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(watch: ReleaseWatch) -> None:
        raise StoreUnavailable("postgres", "read the current release", "gone")

    user_id = f"audited-{uuid.uuid4().hex}"
    async with serving(empty_settings) as client:
        with monkeypatch.context() as patched:
            patched.setattr(ReleaseWatch, "look_again", unavailable)
            failed = await client.delete(f"/users/{user_id}")
        again = await client.delete(f"/users/{user_id}")
    assert (failed.status_code, again.status_code) == (503, 202)
    [entry] = entries(empty_settings, failed)
    assert entry["outcome"] == "StoreUnavailable"
    assert entry["subject"] == again.json()["erasure_id"]


async def test_an_action_that_is_cancelled_is_not_recorded_as_done(
    empty_settings: ApiSettings,
) -> None:
    request_id, has_begun = uuid.uuid4().hex, asyncio.Event()
    caller = Caller(ADMIN_KEY_ID, Role.ADMIN)
    audit = Audit(empty_settings, caller, request_id, Deadline(empty_settings.store_seconds))

    async def act() -> None:
        async with audit.action("request-erasure") as action:
            action.subject = "its-erasure"
            has_begun.set()
            await asyncio.Event().wait()

    acting = asyncio.create_task(act())
    await has_begun.wait()
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting
    [entry] = entries_of(empty_settings, request_id)
    assert (entry["outcome"], entry["subject"]) == ("CancelledError", "its-erasure")


async def test_what_was_refused_before_it_was_carried_out_is_not_recorded(
    empty_settings: ApiSettings,
) -> None:
    async with serving(empty_settings) as client:
        invalid = await client.post("/erasures", json={"user_id": ""})
    async with serving(empty_settings, role=Role.WRITE) as client:
        not_permitted = await client.delete("/users/audited-user")
    assert (invalid.status_code, not_permitted.status_code) == (422, 403)
    assert entries(empty_settings, invalid) + entries(empty_settings, not_permitted) == []


async def test_what_postgres_cannot_take_is_in_the_log(
    empty_settings: ApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mpp_api.security.audit")
    async with serving(without(empty_settings, "postgres")) as client:
        reply = await client.delete("/users/audited-user")
    assert reply.status_code == 503
    [record] = [record for record in caplog.records if hasattr(record, "audit")]
    assert record.audit == {
        "key_id": ADMIN_KEY_ID,
        "action": "request-erasure",
        "subject": "",
        "outcome": "StoreUnavailable",
        "request_id": reply.headers["X-Request-Id"],
    }
    assert "audited-user" not in caplog.text
    assert "in this log only" in caplog.text
