"""What happens to the stack in these tests beyond the README: once a session, in this order."""

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import httpx

from mpp_stores.records import Release
from mpp_stores.settings import StoreSettings
from tests.acceptance.dagster_runs import Dagster
from tests.pipeline.commands import MPP, PROJECT_ROOT
from tests.pipeline.releases import numbers, release_holding, served
from tests.pipeline.sample import DAILY, LATE_DAY, SEED, of_days
from tests.pipeline.stored_rows import rows_of
from tests.waiting import wait_until

LATE = "late.jsonl"
LATE_USER = "late-user-7001"
LATE_CAMPAIGN = "city-breaks-under-100"
MOVED = "moved.jsonl"
MOVED_DAY = "2026-11-10"
MOVED_MESSAGE = "msg-00080"
POSTED = {
    "user_id": "posted-user-6001",
    "message": "Does the spring marathon plan start from zero?",
    "timestamp": f"{LATE_DAY}T11:00:00Z",
    "campaign": "marathon-training-club",
    "channel": "app",
}
ERASED_USERS = ("user-042", "user-107")


@dataclass(frozen=True)
class State:
    """What is served at a moment. `numbers`: of each daily asset, by day."""

    release: Release
    numbers: dict[str, dict[str, int]]
    messages: list[dict[str, Any]]

    def said_by_others(self, *users: str) -> list[dict[str, Any]]:
        """The messages of everybody else, whichever batch and position they are from."""
        return [
            {name: value for name, value in message.items() if name not in {"batch", "position"}}
            for message in self.messages
            if message["user_id"] not in users
        ]


@dataclass(frozen=True)
class Publication:
    """What was served before and after, the API's replies to one question meanwhile, and what it
    said of the posted event: its batch and its message_id."""

    before: State
    after: State
    replies: list[dict[str, Any]]
    posted: dict[str, str]


def state(settings: StoreSettings) -> State:
    messages = rows_of(settings, "mongo/conversations")
    return State(
        served(settings),
        {asset: numbers(settings, asset) for asset in DAILY},
        sorted(messages, key=lambda row: row["message_id"]),
    )


def drop_files(settings: StoreSettings, api: httpx.Client) -> Publication:
    """An event is posted, files appear in the landing folder, and nobody does anything else."""
    before, replies = state(settings), list[dict[str, Any]]()
    kept = api.post("/events", json=POSTED).json()
    [outcome] = kept["outcomes"]
    wait_until((settings.landing / kept["batch"]).exists)
    files = {
        SEED: (PROJECT_ROOT / "data" / SEED).read_text(),
        LATE: _late_file(),
        MOVED: _moved_file(),
    }
    for name, text in files.items():
        partial = settings.landing / f".{name}"
        partial.write_text(text)
        partial.rename(settings.landing / name)

    def ask() -> None:
        replies.append(api.get("/recommendations/user-011").json())

    for batch in (LATE, MOVED, kept["batch"]):
        release_holding(settings, batch, after=before.release, meanwhile=ask)
    posted = {"batch": kept["batch"], "message_id": outcome["message_id"]}
    return Publication(before, state(settings), replies, posted)


def erase_and_withdraw_at_once(dagster: Dagster) -> dict[str, str]:
    """What `mpp erase` printed of each user and `mpp withdraw` of the late file, run together,
    with a materialization of a day that the refresh materializes as well."""
    dagster.materialize_day(["postgres", "daily_activity"], LATE_DAY)
    commands = {user: ("erase", user) for user in ERASED_USERS} | {LATE: ("withdraw", LATE)}
    started = {
        name: subprocess.Popen(
            [MPP, *arguments],
            cwd=PROJECT_ROOT,
            env=os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, arguments in commands.items()
    }
    printed = {name: process.communicate()[0] for name, process in started.items()}
    failed = {name: printed[name] for name, process in started.items() if process.returncode}
    assert not failed
    dagster.wait_until_idle()
    return printed


def reply_of(api: httpx.Client, path: str, release_id: str) -> dict[str, Any]:
    """The API looks for the served release about once a second."""
    reply: dict[str, Any] = {}

    def is_of_the_release() -> bool:
        reply.update(api.get(path).json())
        return bool(reply["release"]["release_id"] == release_id)

    wait_until(is_of_the_release)
    return reply


def _late_file() -> str:
    """A new event of an old day, an event of that day that the sample holds, a broken line."""
    known = next(of_days(LATE_DAY))
    late = {
        "user_id": LATE_USER,
        "message": "Is the Porto trip still on offer in spring?",
        "timestamp": f"{LATE_DAY}T10:00:00Z",
        "campaign": LATE_CAMPAIGN,
    }
    return "\n".join([json.dumps(late), json.dumps(known), '{"user_id": "half a rec'])


def _moved_file() -> str:
    """A message of the sample, said to have been sent a week before."""
    known = next(each for each in of_days(LATE_DAY) if each.get("message_id") == MOVED_MESSAGE)
    return json.dumps(known | {"timestamp": f"{MOVED_DAY}T10:00:00Z"})
