"""Writes the sample feed: `python data/generate_sample.py [--directory data]`.

The same seed writes the same bytes. Three files: sample_conversations.json (the
feed), sample_counts.json (how many records of each kind the feed holds, known
because they were put there) and seed_conversations.json (the eight-line format
the project started from: JSON Lines of userid, message, timestamp, campaign).
"""

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from sample_dirt import (
    ALIASES,
    DEFECTS,
    TIMESTAMP_SPELLINGS,
    Record,
    iso_utc,
    with_alias,
    with_unknown_fields,
)
from sample_messages import Phrasebook
from sample_people import DAY_COUNT, FIRST_DAY, Event, User, converse, make_users

SEED = 20261020
EVENT_COUNT = 2_360
TEXT_LIMIT = 4_000  # characters; longer is rejected
TOO_LONG_TEXTS = (TEXT_LIMIT + 1, 6_000, 9_000)

GIVEN_MESSAGE_ID_SHARE = 0.4
UNKNOWN_FIELDS_SHARE = 0.2

# How many records carry each peculiarity. No record carries two of one table.
ALIAS_COUNTS = {
    **{"userid": 25, "userId": 25, "campaign_id": 30, "campaignId": 10},
    **{"text": 25, "ts": 25, "messageId": 10},
}
SPELLING_COUNTS = {
    **{"iso_offset": 40, "iso_naive": 25, "iso_fraction": 20, "epoch_seconds": 20},
    **{"epoch_seconds_string": 10, "epoch_milliseconds": 20, "epoch_milliseconds_string": 10},
}
DUPLICATE_COUNTS = {"repeated": 24, "respelled": 8, "edited": 6}


class Feed:
    """Records by time of arrival, and the tally of what was put in."""

    def __init__(self) -> None:
        self._arrivals: list[tuple[datetime, Any]] = []

    def __len__(self) -> int:
        return len(self._arrivals)

    def add(self, arrived_at: datetime, record: Any) -> None:
        self._arrivals.append((arrived_at, record))

    def records(self) -> list[Any]:
        return [record for _, record in sorted(self._arrivals, key=lambda arrival: arrival[0])]


class Sample:
    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)  # noqa: S311
        self._phrasebook = Phrasebook(self._rng)
        self._users = make_users(self._rng, self._phrasebook.campaigns)
        self._message_number = 0
        self._feed = Feed()
        self.counts: dict[str, Any] = {}

    def build(self) -> list[Any]:
        events = self._distinct_events()
        clean = [(event, self._record(event)) for event in islice(events, EVENT_COUNT)]
        self._make_peculiar(clean)
        for event, record in clean:
            self._feed.add(event.sent_at, record)
        duplicates = self._add_duplicates(clean)
        rejected = self._add_rejects(events)
        self.counts = {
            "records": len(self._feed),
            "valid": len(clean) + sum(duplicates.values()),
            "rejected": sum(rejected.values()),
            "duplicates": sum(duplicates.values()),
            "events": len(clean),
            "users": len({event.user_id for event, _ in clean}),
            "campaigns": len({event.campaign.campaign_id for event, _ in clean}),
            "days": len({event.sent_at.date() for event, _ in clean}),
            "rejected_by_defect": rejected,
            "duplicates_by_kind": duplicates,
            "peculiarities": self._peculiarities(clean),
        }
        return self._feed.records()

    def _distinct_events(self) -> Iterator[Event]:
        """Every user once, then users by their activity, without end; no event twice."""
        seen: set[tuple[str, datetime]] = set()
        weights = [user.activity for user in self._users]

        def speakers() -> Iterator[User]:
            yield from self._users
            while True:
                yield self._rng.choices(self._users, weights)[0]

        for user in speakers():
            for event in converse(self._rng, self._phrasebook, user):
                if (event.user_id, event.sent_at) not in seen:
                    seen.add((event.user_id, event.sent_at))
                    yield event

    def _record(self, event: Event) -> Record:
        record: Record = {
            "user_id": event.user_id,
            "message": event.text,
            "timestamp": iso_utc(event.sent_at),
            "campaign": event.campaign.campaign_id,
        }
        if self._rng.random() < GIVEN_MESSAGE_ID_SHARE:
            self._message_number += 1
            record = {"message_id": f"msg-{self._message_number:05}", **record}
        if self._rng.random() < UNKNOWN_FIELDS_SHARE:
            record = with_unknown_fields(self._rng, record)
        return record

    def _make_peculiar(self, clean: list[tuple[Event, Record]]) -> None:
        """Rewrite some records, in place, as a feed with many producers would send them."""

        def rewrite(indexes: Iterator[int], count: int, change: Callable[..., Record]) -> None:
            for index in islice(indexes, count):
                event, record = clean[index]
                clean[index] = event, change(event, record)

        spelled = self._shuffled(range(len(clean)))
        for spelling, count in SPELLING_COUNTS.items():
            write = TIMESTAMP_SPELLINGS.get(spelling, self._iso_fraction)
            rewrite(spelled, count, lambda e, r, write=write: r | {"timestamp": write(e.sent_at)})

        self._use_unicode_messages(clean)
        longest = next(index for index, (_, record) in enumerate(clean) if "device" in record)
        event, record = clean[longest]
        text = self._phrasebook.long_text(event.campaign, TEXT_LIMIT)
        clean[longest] = event, record | {"message": text}

        for alias, count in ALIAS_COUNTS.items():
            fitting = [
                index
                for index, (_, record) in enumerate(clean)
                if ALIASES[alias] in record and not ALIASES.keys() & record.keys()
            ]
            rewrite(self._shuffled(fitting), count, lambda _, r, alias=alias: with_alias(r, alias))

    def _iso_fraction(self, sent_at: datetime) -> str:
        return iso_utc(sent_at + timedelta(microseconds=1 + int(self._rng.random() * 999_999)))

    def _use_unicode_messages(self, clean: list[tuple[Event, Record]]) -> None:
        """Put each hand-written message, twice, in place of one about the same topic."""
        for message in self._phrasebook.unicode_messages:
            about = [i for i, (e, _) in enumerate(clean) if e.campaign.topic == message.topic]
            for index in islice(self._shuffled(about), 2):
                event, record = clean[index]
                clean[index] = event, record | {"message": message.text}

    def _add_duplicates(self, clean: list[tuple[Event, Record]]) -> dict[str, int]:
        """Send some events again, later: as they were, spelled otherwise, or edited.

        An edited message keeps the message_id it was given; the later record is
        the one that counts.
        """
        plain = [
            (event, record)
            for event, record in clean
            if not ALIASES.keys() & record.keys() and record["timestamp"] == iso_utc(event.sent_at)
        ]
        derived = [pair for pair in plain if "message_id" not in pair[1]]
        given = [pair for pair in plain if "message_id" in pair[1]]
        offset = TIMESTAMP_SPELLINGS["iso_offset"]
        again: dict[str, tuple[list[tuple[Event, Record]], Callable[[Event, Record], Record]]] = {
            "repeated": (plain, lambda _, r: r),
            "respelled": (
                derived,
                lambda e, r: with_alias(r | {"timestamp": offset(e.sent_at)}, "userid"),
            ),
            "edited": (given, lambda _, r: r | {"message": r["message"] + " (edited)"}),
        }
        used: set[int] = set()
        for kind, (pairs, send) in again.items():
            unused = (i for i in self._shuffled(range(len(pairs))) if id(pairs[i][1]) not in used)
            for index in islice(unused, DUPLICATE_COUNTS[kind]):
                event, record = pairs[index]
                used.add(id(record))
                delay = timedelta(seconds=30 + int(self._rng.expovariate(1 / 3600)))
                self._feed.add(event.sent_at + delay, send(event, record))
        return dict(DUPLICATE_COUNTS)

    def _add_rejects(self, events: Iterator[Event]) -> dict[str, int]:
        for defects in DEFECTS.values():
            for damage in defects:
                event = next(events)
                self._feed.add(event.sent_at, damage(self._record(event)))
        for characters in TOO_LONG_TEXTS:
            event = next(events)
            text = self._phrasebook.long_text(event.campaign, characters)
            self._feed.add(event.sent_at, self._record(event) | {"message": text})
        return {
            **{defect: len(defects) for defect, defects in DEFECTS.items()},
            "message_too_long": len(TOO_LONG_TEXTS),
        }

    def _peculiarities(self, clean: list[tuple[Event, Record]]) -> dict[str, int]:
        """Accepted records, duplicates apart, that are not spelled the usual way."""
        return {
            **{f"alias_{alias}": count for alias, count in ALIAS_COUNTS.items()},
            **{f"timestamp_{spelling}": count for spelling, count in SPELLING_COUNTS.items()},
            "other_scripts": 2 * len(self._phrasebook.unicode_messages),
            "message_of_4000_characters": 1,
            "given_message_id": sum(bool({"message_id", "messageId"} & r.keys()) for _, r in clean),
            "unknown_fields": sum(
                bool({"channel", "locale", "device"} & r.keys()) for _, r in clean
            ),
        }

    def _shuffled(self, items: Any) -> Iterator[int]:
        shuffled = list(items)
        self._rng.shuffle(shuffled)
        return iter(shuffled)


def seed_records() -> list[Record]:
    """Eight events in the format the project started from, all of the sample's last day."""
    rng = Random(SEED)  # noqa: S311
    phrasebook = Phrasebook(rng)
    users = make_users(rng, phrasebook.campaigns)
    last_day = (FIRST_DAY + timedelta(days=DAY_COUNT - 1)).date()
    records = [
        {
            "userid": event.user_id,
            "message": event.text,
            "timestamp": iso_utc(datetime.combine(last_day, event.sent_at.timetz())),
            "campaign": event.campaign.campaign_id,
        }
        for event in (next(converse(rng, phrasebook, user)) for user in users[:8])
    ]
    return sorted(records, key=lambda record: record["timestamp"])


def write(directory: Path) -> None:
    sample = Sample(SEED)
    lines = [json.dumps(record, ensure_ascii=False) for record in sample.build()]
    feed = "[\n" + ",\n".join(lines) + "\n]\n"
    seed = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in seed_records())
    counts = json.dumps(sample.counts, indent=2) + "\n"
    (directory / "sample_conversations.json").write_text(feed, encoding="utf-8")
    (directory / "sample_counts.json").write_text(counts, encoding="utf-8")
    (directory / "seed_conversations.json").write_text(seed, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(__file__).parent)
    write(parser.parse_args().directory)
