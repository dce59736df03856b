"""Events that arrive one by one, kept on disk until enough of them make a batch.

    landing/.incoming/events-<UTC time of the first>-<8 hex>.jsonl    being appended to
    landing/events-<UTC time of the first>-<8 hex>.jsonl              a batch like any other

A file changes folders by a rename, so a batch appears whole. Every append and every
rename holds the file's lock (`flock`): whoever appends has made sure that the file is
still where it was, and any process can land what another left behind. The lock goes with
the process that holds it. A process that was killed may leave an incomplete last line,
which nobody was told is kept; landing cuts it off.

Both folders must be on one file system.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mpp_stores.errors import StoreUnavailable
from mpp_stores.events import users_of

STORE: Final = "landing"
LARGE_FILE_BYTES: Final = 8_000_000

_INCOMING: Final = ".incoming"
_PATTERN: Final = "events-*.jsonl"
_TIME: Final = "%Y%m%dT%H%M%S%fZ"
_READABLE_BY_GROUP: Final = 0o640


class Spool:
    """What one process appends to. Not for several threads at once."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._path: Path | None = None
        self._descriptor = -1

    def append(self, records: Sequence[Mapping[str, Any]]) -> str:
        """Keep the records, a line each, and return the name of the batch that will hold them.

        They are on disk when this returns. Raises `StoreUnavailable` when they may not be;
        then none of them is in the file any more, as far as the disk lets itself be told.
        """
        lines = "".join(f"{json.dumps(record)}\n" for record in records).encode()
        with _disk_errors("keep events"):
            path = self._lock_own_file()
            length = os.fstat(self._descriptor).st_size
            try:
                _write(self._descriptor, lines)
                os.fsync(self._descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, length)
                # What a failed fsync left in the file cannot be known: nothing goes after it.
                self._release()
                raise
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        return path.name

    def close(self) -> None:
        """Land what this process has appended. Raises `StoreUnavailable`: it is landed later."""
        path = self._path
        self._release()
        if path is not None:
            with _disk_errors("land events"), suppress(FileNotFoundError):
                _land(path, self._landing)  # not there: it has landed already

    def _lock_own_file(self) -> Path:
        """Another process may have landed the file, or do so until it is locked."""
        while True:
            path = self._path or self._create()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if _is_at(path, self._descriptor):
                return path
            self._release()

    def _create(self) -> Path:
        folder = incoming(self._landing)
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(self._landing.parent)
            _sync(self._landing)
        path = folder / f"events-{datetime.now(UTC).strftime(_TIME)}-{secrets.token_hex(4)}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        descriptor = os.open(path, flags, _READABLE_BY_GROUP)
        try:
            _sync(folder)
        except OSError:
            os.close(descriptor)
            raise
        self._path, self._descriptor = path, descriptor
        return path

    def _release(self) -> None:
        """Closing gives the lock back."""
        if self._path is not None:
            os.close(self._descriptor)
        self._path = None
        self._descriptor = -1


def land_due(landing: Path, *, age: timedelta, size: int = LARGE_FILE_BYTES) -> list[str]:
    """Land the files, of whichever process, that were begun `age` ago or have `size` bytes.

    Returns the names of the new batches. One that is being appended to is left for the next
    time. Raises `StoreUnavailable` when one could not be landed, after trying the others.
    """
    landed = []
    failed: OSError | None = None
    for path in _files(landing):
        try:
            if _is_due(path, age, size) and _land(path, landing):
                landed.append(path.name)
        except FileNotFoundError:
            continue  # another process was faster
        except OSError as error:
            failed = error
    if failed is not None:
        raise StoreUnavailable(STORE, "land events", failed) from failed
    return landed


def rows_of_user(landing: Path, user_id: str) -> int:
    """Records of the user that have not landed yet."""
    count = 0
    for path in _files(landing):
        with suppress(FileNotFoundError), path.open("rb") as file:
            count += sum(user_id in _users_in(line) for line in file)
    return count


def incoming(landing: Path) -> Path:
    """Hidden, so that nothing takes what is in it for batches."""
    return landing / _INCOMING


def _files(landing: Path) -> list[Path]:
    return sorted(incoming(landing).glob(_PATTERN))


def _users_in(line: bytes) -> set[str]:
    try:
        return users_of(json.loads(line))
    except ValueError:
        return set()


def _is_due(path: Path, age: timedelta, size: int) -> bool:
    try:
        begun_at = datetime.strptime(path.name.split("-")[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return True  # named by somebody else
    # A clock that was set back must not keep a file for good.
    is_old = abs(datetime.now(UTC) - begun_at) >= age
    return is_old or path.stat().st_size >= size


def _land(path: Path, landing: Path) -> bool:
    """Whether it is a batch now. An empty file is removed."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not _is_at(path, descriptor):
            return False
        if not _cut_incomplete_line(descriptor):
            path.unlink()
            return False
        path.rename(landing / path.name)
        _sync(landing)
        return True
    finally:
        os.close(descriptor)


def _cut_incomplete_line(descriptor: int) -> int:
    """Returns the length of what is left."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        content = file.read()
    length = content.rfind(b"\n") + 1
    if length < len(content):
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    return length


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, data: bytes) -> None:
    """One call as a rule; a disk that fills up takes a part before it refuses."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors(attempted: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(STORE, attempted, error) from error
