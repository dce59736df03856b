"""The spool on a real disk: processes are really killed, and the disk really is full."""

import fcntl
import json
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from mpp_assets.jobs.landing_files import Form, RecordFile
from mpp_stores.errors import StoreUnavailable
from mpp_stores.lake import visible_files
from mpp_stores.spool import Spool, incoming, land_due, rows_of_user
from tests.stores import spool_processes

AT_ONCE = timedelta(0)
AN_HOUR = timedelta(hours=1)
SPAWN = get_context("spawn")


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def event(message_id: str, user_id: str = "ada") -> dict[str, Any]:
    return {
        "message_id": message_id,
        "user_id": user_id,
        "campaign": "boots",
        "timestamp": "2026-06-01T09:30:00Z",
        "message": "Größe 43?\nOder \ud83d 44?",
    }


def events(count: int, prefix: str = "m") -> list[dict[str, Any]]:
    return [event(f"{prefix}-{number}") for number in range(count)]


def landed(landing: Path) -> list[Any]:
    """The records of all batches, as landing reads them."""
    found: list[Any] = []
    for file in visible_files(landing):
        with RecordFile(file) as records:
            assert records.form is Form.LINES
            for record in records:
                assert record.fault is None
                found.append(record.value)
    return found


def waiting(landing: Path) -> list[Path]:
    return sorted(incoming(landing).iterdir())


def ids(records: list[Any]) -> list[str]:
    return [record["message_id"] for record in records]


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: a write takes what fits and then fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def killed(work: Callable[..., None], *arguments: Any) -> str:
    """The batch that the process announced before it was killed."""
    receiving, sending = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=work, args=(*arguments, sending))
    process.start()
    sending.close()
    batch: str = receiving.recv()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    return batch


def test_what_is_appended_is_no_batch_before_it_is_due(landing: Path) -> None:
    batch = Spool(landing).append(events(2))
    assert land_due(landing, age=AN_HOUR) == []
    assert visible_files(landing) == []
    assert [file.name for file in waiting(landing)] == [batch]


def test_what_is_due_becomes_the_batch_that_was_announced_and_reads_as_it_was_sent(
    landing: Path,
) -> None:
    spool = Spool(landing)
    batches = {spool.append(events(2, "a")), spool.append(events(1, "b"))}
    assert set(land_due(landing, age=AT_ONCE)) == batches
    assert [file.name for file in visible_files(landing)] == list(batches)
    assert landed(landing) == events(2, "a") + events(1, "b")
    assert waiting(landing) == []


def test_a_large_file_is_due_however_young(landing: Path) -> None:
    batch = Spool(landing).append(events(1))
    assert land_due(landing, age=AN_HOUR, size=10) == [batch]


def test_a_file_from_the_future_is_due_because_a_clock_was_set_back(landing: Path) -> None:
    incoming(landing).mkdir(parents=True)
    name = "events-29990101T000000000000Z-0a1b2c3d.jsonl"
    (incoming(landing) / name).write_text(json.dumps(event("m")) + "\n")
    assert land_due(landing, age=AN_HOUR) == [name]


def test_after_its_file_has_landed_a_spool_begins_another(landing: Path) -> None:
    spool = Spool(landing)
    first = spool.append(events(1, "a"))
    land_due(landing, age=AT_ONCE)
    second = spool.append(events(1, "b"))
    assert ids(landed(landing)) == ["a-0"]
    spool.close()
    assert first < second
    assert ids(landed(landing)) == ["a-0", "b-0"]


def test_closing_lands_what_one_process_appended_and_nothing_of_another(landing: Path) -> None:
    own, other = Spool(landing), Spool(landing)
    batch = own.append(events(1, "own"))
    left = other.append(events(1, "other"))
    own.close()
    own.close()
    assert [file.name for file in visible_files(landing)] == [batch]
    assert [file.name for file in waiting(landing)] == [left]


def test_closing_finds_nothing_to_do_where_the_file_has_landed_already(landing: Path) -> None:
    spool = Spool(landing)
    batch = spool.append(events(1))
    land_due(landing, age=AT_ONCE)
    spool.close()
    assert [file.name for file in visible_files(landing)] == [batch]


def test_a_file_that_is_being_appended_to_is_left_for_the_next_time(landing: Path) -> None:
    batch = Spool(landing).append(events(1))
    with (incoming(landing) / batch).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert land_due(landing, age=AT_ONCE) == []
    assert land_due(landing, age=AT_ONCE) == [batch]


def test_a_process_killed_while_it_appends_loses_only_what_nobody_was_told_is_kept(
    landing: Path,
) -> None:
    batch = killed(
        spool_processes.append_and_be_killed_while_appending,
        landing,
        events(3, "kept"),
        [event("lost")],
    )
    assert not (incoming(landing) / batch).read_bytes().endswith(b"\n")
    assert land_due(landing, age=AT_ONCE) == [batch]
    assert landed(landing) == events(3, "kept")


def test_a_process_killed_between_write_and_rename_loses_nothing(landing: Path) -> None:
    batch = killed(spool_processes.append_and_be_killed_while_landing, landing, events(3, "kept"))
    assert visible_files(landing) == []
    assert land_due(landing, age=AT_ONCE) == [batch]
    assert landed(landing) == events(3, "kept")


def test_nothing_is_left_of_a_file_without_a_complete_line(landing: Path) -> None:
    batch = Spool(landing).append(events(1))
    (incoming(landing) / batch).write_text('{"message_id": "h')
    assert land_due(landing, age=AT_ONCE) == []
    assert waiting(landing) == []
    assert visible_files(landing) == []


def test_processes_that_append_while_another_lands_lose_and_double_nothing(
    landing: Path,
) -> None:
    done, landed_some = SPAWN.Event(), SPAWN.Event()
    appending = [
        SPAWN.Process(
            target=spool_processes.append_each, args=(landing, events(40, name), landed_some)
        )
        for name in ("a", "b")
    ]
    lander = SPAWN.Process(target=spool_processes.land_all_until, args=(landing, done, landed_some))
    for process in (lander, *appending):
        process.start()
    for process in appending:
        process.join(60)
    done.set()
    lander.join(60)
    land_due(landing, age=AT_ONCE)
    assert [process.exitcode for process in (lander, *appending)] == [0, 0, 0]
    assert len(visible_files(landing)) >= 3
    assert sorted(ids(landed(landing))) == sorted(ids(events(40, "a") + events(40, "b")))


def test_a_full_disk_keeps_nothing_of_what_it_refuses_and_all_from_before(
    landing: Path,
) -> None:
    spool = Spool(landing)
    batch = spool.append(events(2, "before"))
    file = incoming(landing) / batch
    content = file.read_bytes()
    # Two whole events and a part of the third would still fit.
    with (
        disk_full_at(len(content) * 2 + 50),
        pytest.raises(StoreUnavailable, match="could not keep events"),
    ):
        spool.append(events(9, "refused"))
    assert file.read_bytes() == content
    spool.append(events(1, "after"))
    land_due(landing, age=AT_ONCE)
    assert ids(landed(landing)) == ["before-0", "before-1", "after-0"]


def test_a_landing_folder_that_cannot_be_made_keeps_nothing(landing: Path) -> None:
    landing.write_text("in the way")
    spool = Spool(landing)
    with pytest.raises(StoreUnavailable, match="could not keep events"):
        spool.append(events(1))
    landing.unlink()
    spool.append(events(1))
    spool.close()
    assert landed(landing) == events(1)


def test_a_file_that_cannot_land_stays_and_keeps_no_other_from_landing(landing: Path) -> None:
    stuck, free = (Spool(landing).append(events(1, name)) for name in ("a", "b"))
    (landing / stuck / "in the way").mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match="could not land events"):
        land_due(landing, age=AT_ONCE)
    assert [file.name for file in visible_files(landing)] == [free]
    assert [file.name for file in waiting(landing)] == [stuck]


def test_a_folder_without_a_spool_has_nothing_due(landing: Path) -> None:
    assert land_due(landing, age=AT_ONCE) == []
    assert rows_of_user(landing, "ada") == 0


def test_what_waits_of_a_user_is_found_until_it_has_landed(landing: Path) -> None:
    Spool(landing).append([event("a"), event("b", " ada "), event("c", "adalbert")])
    assert rows_of_user(landing, "ada") == 2
    land_due(landing, age=AT_ONCE)
    assert rows_of_user(landing, "ada") == 0
