"""Events over HTTP: judged as landing judges them, kept on disk, landed as a batch."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mpp_api.events.schemas import MOST_EVENTS
from mpp_api.settings import ApiSettings
from mpp_assets.jobs.landing_files import read_records
from mpp_assets.settings import PipelineSettings
from mpp_stores.api_keys import Role
from mpp_stores.contract import ContractMode
from mpp_stores.events import ConversationEvent, validate
from mpp_stores.lake import visible_files
from mpp_stores.postgres import erasures
from mpp_stores.spool import incoming, rows_of_user
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.metrics.samples import samples

LANDS_WITHIN_SECONDS = 30


@pytest.fixture
def home(empty_settings: ApiSettings, tmp_path: Path) -> ApiSettings:
    """A stack with a landing folder of its own, before its first release."""
    return empty_settings.model_copy(update={"home": tmp_path})


def event(**changed: Any) -> dict[str, Any]:
    return {
        "user_id": "ada",
        "campaign": "boots",
        "timestamp": "2026-06-01T11:30:00+02:00",
        "message": "Größe 43, oder besser 44? 👟",
        "shop": {"country": "DE"},
    } | changed


async def sent(client: httpx.AsyncClient, body: Any, status: int = 202) -> dict[str, Any]:
    response = await client.post("/events", json=body)
    assert response.status_code == status, response.text
    reply: dict[str, Any] = response.json()
    return reply


def read(landing: Path, batch: str) -> list[Any]:
    """The batch's records, as landing reads them."""
    records = list(read_records(landing / batch))
    assert [record.fault for record in records] == [None] * len(records)
    return [record.value for record in records]


def identities(records: list[Any]) -> list[str]:
    events = [validate(record) for record in records]
    assert all(isinstance(event, ConversationEvent) for event in events)
    return [event.message_id for event in events if isinstance(event, ConversationEvent)]


async def test_accepted_events_land_as_they_came_with_the_identities_of_the_reply(
    home: ApiSettings,
) -> None:
    given, derived = event(message_id="m-1"), event()
    async with serving(home, role=Role.WRITE) as client:
        reply = await sent(client, [given, derived])
        single = await sent(client, event(message_id="m-2"))
        assert visible_files(home.landing) == []
    assert (reply["accepted"], reply["rejected"]) == (2, 0)
    assert reply["batch"] == single["batch"]
    records = read(home.landing, reply["batch"])
    assert records == [given, derived, event(message_id="m-2")]
    outcomes = reply["outcomes"] + single["outcomes"]
    assert [outcome["message_id"] for outcome in outcomes] == identities(records)
    assert outcomes[0] == {
        "position": 1,
        "outcome": "accepted",
        "message_id": "m-1",
        "reasons": [],
    }


async def test_each_event_is_judged_for_itself_and_only_the_accepted_ones_are_kept(
    home: ApiSettings,
) -> None:
    records = [
        event(timestamp="yesterday", campaign=" "),
        "no object",
        event(message_id="kept"),
        event(user_id=None),
        {"userId": 7, "text": "hello", "ts": 1780000000, "campaignId": "boots"},
    ]
    async with serving(home) as client:
        reply = await sent(client, records)
    assert [outcome["reasons"] for outcome in reply["outcomes"]] == [
        ["campaign empty", "timestamp invalid"],
        ["record not an object"],
        [],
        ["user_id missing"],
        [],
    ]
    assert (reply["accepted"], reply["rejected"]) == (2, 3)
    assert [outcome["position"] for outcome in reply["outcomes"]] == [1, 2, 3, 4, 5]
    assert reply["outcomes"][0]["message_id"] is None
    assert read(home.landing, reply["batch"]) == [records[2], records[4]]


async def test_where_every_event_is_rejected_nothing_is_kept(home: ApiSettings) -> None:
    async with serving(home) as client:
        reply = await sent(client, event(message=""), status=200)
    assert (reply["batch"], reply["accepted"], reply["rejected"]) == (None, 0, 1)
    assert not incoming(home.landing).exists()


async def test_an_event_that_is_sent_again_is_the_same_event(home: ApiSettings) -> None:
    """Landing keeps one row a message_id, within a batch and over all of them."""
    records = [event(), event(message_id="given")]
    async with serving(home) as client:
        first = await sent(client, records)
        again = await sent(client, records)
    async with serving(home) as client:
        later = await sent(client, records)
    assert later["batch"] != first["batch"]
    replies = (first, again, later)
    found = [[outcome["message_id"] for outcome in reply["outcomes"]] for reply in replies]
    assert found[0] == found[1] == found[2]
    batches = {first["batch"], later["batch"]}
    landed = [record for batch in batches for record in read(home.landing, batch)]
    assert len(landed) == 6
    assert set(identities(landed)) == set(found[0])


async def test_events_of_an_erased_user_are_not_written(home: ApiSettings) -> None:
    erasures.request(home, "erased-from-events")
    records = [event(user="erased-from-events"), event(user_id="erased-from-events"), event()]
    async with serving(home) as client:
        reply = await sent(client, records)
        assert rows_of_user(home.landing, "ada") == 1
        assert rows_of_user(home.landing, "erased-from-events") == 0
    assert [outcome["reasons"] for outcome in reply["outcomes"]] == [
        ["user erased"],
        ["user erased"],
        [],
    ]
    assert "erased-from-events" not in json.dumps(reply)


async def test_an_event_that_the_frozen_contract_does_not_know_refuses_all_of_them(
    home: ApiSettings,
) -> None:
    settings = home.model_copy(update={"contract_unknown_fields": ContractMode.FREEZE})
    known = {name: value for name, value in event().items() if name != "shop"}
    async with serving(settings) as client:
        problem = await sent(client, [known, event()], status=409)
        assert not incoming(home.landing).exists()
        assert (await sent(client, known))["accepted"] == 1
    assert problem["type"] == "urn:problem-type:mpp:contract-frozen"
    assert "event 2: unknown field shop" in problem["detail"]


def test_the_contract_has_the_settings_of_the_pipeline(
    home: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UNKNOWN_FIELDS", "ALIASES", "DATA_TYPES"):
        monkeypatch.setenv(f"MPP_CONTRACT_{name}", "reject")
    contract = ApiSettings().contract
    assert contract == PipelineSettings().contract
    assert contract.aliases is ContractMode.REJECT


async def test_a_record_that_landing_would_not_read_is_too_long(home: ApiSettings) -> None:
    long = event(note="é" * 300_000)
    async with serving(home) as client:
        body = json.dumps([long, event()], ensure_ascii=False).encode()
        response = await client.post(
            "/events", content=body, headers={"Content-Type": "application/json"}
        )
        reply = response.json()
    assert [outcome["reasons"] for outcome in reply["outcomes"]] == [["record too long"], []]


@pytest.mark.parametrize(
    "body", [[], [event()] * (MOST_EVENTS + 1), "no event", 7], ids=["none", "many", "text", "7"]
)
async def test_a_body_that_is_no_event_and_no_list_of_up_to_500_is_a_422_problem(
    home: ApiSettings, body: Any
) -> None:
    async with serving(home) as client:
        problem = await sent(client, body, status=422)
    assert problem["type"] == "urn:problem-type:mpp:invalid-input"
    assert not incoming(home.landing).exists()


async def test_sending_events_needs_a_key_that_may_write(home: ApiSettings) -> None:
    async with serving(home, role=Role.READ) as client:
        await sent(client, event(), status=403)
    assert not incoming(home.landing).exists()


async def test_a_disk_that_takes_nothing_is_a_503_problem_that_says_when_to_retry(
    home: ApiSettings,
) -> None:
    home.landing.write_text("in the way")
    async with serving(home) as client:
        response = await client.post("/events", json=event())
        assert response.status_code == 503
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Retry-After"]
        assert str(home.home) not in response.text
        home.landing.unlink()
        reply = await sent(client, event(message_id="after"))
    assert read(home.landing, reply["batch"]) == [event(message_id="after")]


async def test_events_need_none_of_the_stores(home: ApiSettings) -> None:
    down = without(home, "postgres", "redis", "milvus", "neo4j", "mongo")
    async with serving(down) as client:
        reply = await sent(client, event(message_id="m"))
    assert read(home.landing, reply["batch"]) == [event(message_id="m")]


async def test_events_land_while_the_service_runs_and_with_them_what_a_dead_process_left(
    home: ApiSettings,
) -> None:
    left = "events-20260601T093000000000Z-0a1b2c3d.jsonl"
    incoming(home.landing).mkdir(parents=True)
    (incoming(home.landing) / left).write_text(json.dumps(event(message_id="left")) + "\n")
    settings = home.model_copy(update={"api_events_rotate_seconds": 0.05})
    give_up = time.monotonic() + LANDS_WITHIN_SECONDS
    async with serving(settings) as client:
        batch = (await sent(client, event(message_id="sent")))["batch"]
        while {file.name for file in visible_files(home.landing)} != {left, batch}:
            assert time.monotonic() < give_up, visible_files(home.landing)
            await asyncio.sleep(0.02)
    assert read(home.landing, left) == [event(message_id="left")]
    assert read(home.landing, batch) == [event(message_id="sent")]


async def test_events_are_counted_by_what_became_of_them(home: ApiSettings) -> None:
    async with serving(home) as client:
        await sent(client, [event(), event(), event(message=1)])
        found = await samples(client)
    assert found['mpp_api_events_total{outcome="accepted"}'] == 2
    assert found['mpp_api_events_total{outcome="rejected"}'] == 1
