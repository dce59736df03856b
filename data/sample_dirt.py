"""Records as a real feed delivers them: spelled differently, repeated, or broken.

Every function returns plain JSON values. Which defect ends in which reject
reason is the pipeline's business; here a defect is named after what was done.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

Record = dict[str, Any]

ALIASES = {
    "userid": "user_id",
    "userId": "user_id",
    "campaign_id": "campaign",
    "campaignId": "campaign",
    "text": "message",
    "ts": "timestamp",
    "messageId": "message_id",
}

OFFSETS = [timezone(timedelta(hours=h)) for h in (-8, -5, 1, 2, 5.5, 9)]


def iso_utc(sent_at: datetime) -> str:
    return sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _iso_offset(sent_at: datetime) -> str:
    return sent_at.astimezone(OFFSETS[sent_at.second % len(OFFSETS)]).isoformat()


def _iso_naive(sent_at: datetime) -> str:
    """No offset: the feed means UTC."""
    return sent_at.replace(tzinfo=None).isoformat(sep=" T"[sent_at.second % 2])


def _epoch_seconds(sent_at: datetime) -> int:
    return int(sent_at.timestamp())


def _epoch_milliseconds(sent_at: datetime) -> int:
    return int(sent_at.timestamp()) * 1000


# All spell the same instant, for whole seconds.
TIMESTAMP_SPELLINGS: dict[str, Callable[[datetime], Any]] = {
    "iso_offset": _iso_offset,
    "iso_naive": _iso_naive,
    "epoch_seconds": _epoch_seconds,
    "epoch_seconds_string": lambda sent_at: str(_epoch_seconds(sent_at)),
    "epoch_milliseconds": _epoch_milliseconds,
    "epoch_milliseconds_string": lambda sent_at: str(_epoch_milliseconds(sent_at)),
}


def with_alias(record: Record, alias: str) -> Record:
    """The record with one field under another name, in the same place."""
    return {alias if name == ALIASES[alias] else name: value for name, value in record.items()}


def with_unknown_fields(rng: Random, record: Record) -> Record:
    """The record with fields that the platform does not know but keeps."""
    unknown = {
        "channel": rng.choice(["web", "ios", "android", "email", "whatsapp"]),
        "locale": rng.choice(["en-GB", "en-US", "de-DE", "fr-FR", "pl-PL"]),
        "device": {"os": rng.choice(["iOS 20", "Android 17", "Windows"]), "app": "4.12.0"},
    }
    kept = rng.choice([["channel"], ["channel", "locale"], ["device"], list(unknown)])
    return record | {name: unknown[name] for name in kept}


def _without(*names: str) -> Callable[[Record], Any]:
    return lambda record: {name: value for name, value in record.items() if name not in names}


def _replaced(name: str, value: Any) -> Callable[[Record], Any]:
    return lambda record: record | {name: value}


def _instead(value: Any) -> Callable[[Record], Any]:
    return lambda _: value


# What was done to a record that must be rejected, and to how many: one entry a record.
DEFECTS: dict[str, list[Callable[[Record], Any]]] = {
    "missing_user": [
        *[_without("user_id")] * 4,
        *[_replaced("user_id", None)] * 3,
        *[_replaced("user_id", blank) for blank in ("", "   ")],
    ],
    "missing_message": [
        *[_without("message")] * 3,
        *[_replaced("message", None)] * 2,
        *[_replaced("message", blank) for blank in ("", "  ", "\n\t")],
    ],
    "missing_timestamp": [
        *[_without("timestamp")] * 3,
        *[_replaced("timestamp", value) for value in (None, None, "")],
    ],
    "missing_campaign": [
        *[_without("campaign")] * 3,
        *[_replaced("campaign", value) for value in (None, None, "")],
    ],
    "missing_user_and_message": [_without("user_id", "message")] * 2,
    "bad_timestamp": [
        _replaced("timestamp", value)
        for value in (
            *("yesterday", "n/a", "now()", "0000-00-00 00:00:00", "2026-01-32T10:00:00Z"),
            *("2026-02-30T08:15:00Z", "2026-11-05T25:61:00Z", "2026-13-01T00:00:00Z"),
        )
    ],
    "wrong_type": [
        _replaced("message", ["where", "is", "my", "order"]),
        _replaced("message", {"body": "where is my order"}),
        _replaced("user_id", {"id": "user-001"}),
        _replaced("user_id", ["user-001"]),
        _replaced("campaign", {"id": "spf-every-day"}),
        _replaced("campaign", ["spf-every-day"]),
        _replaced("timestamp", True),
        _replaced("timestamp", {"seconds": 1_793_000_000}),
    ],
    "not_an_object": [_instead(value) for value in ("ping", 42, None, ["user-001"])],
    "identifier_too_long": [_replaced("user_id", "u" * 129), _replaced("campaign", "c" * 129)],
}
