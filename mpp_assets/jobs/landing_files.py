"""Reading a landed file record by record, without holding it in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Self

from mpp_assets.jobs.json_values import (
    Decoded,
    Fault,
    decode_next,
    decode_text,
    fails_within,
    take_value,
)
from mpp_assets.jobs.text_window import TextWindow, Unzipped
from mpp_stores.events import MAX_RECORD_CHARACTERS

SETTLED_SECONDS = 2.0
"""A file that was modified more recently may still be written to."""

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = "\ufeff"
_TELLING_LINES = 2


class Form(Enum):
    """How the records of a file follow one another.

    ARRAY: elements of a JSON array. LINES: one a line. VALUES: objects that are laid
    out over several lines, a single one included. UNKNOWN: not text.
    """

    ARRAY = auto()
    LINES = auto()
    VALUES = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One record of a file. `position` is its line in JSON Lines, else its 1-based number.

    Either `fault` says why it could not be read or `value` is the decoded JSON. `raw` is
    its text. A record too long to be held, or the rest of a file that cannot be told
    apart, has its text in `pieces`, to be read before the next record is asked for.
    """

    position: int
    raw: str = ""
    value: Any = None
    fault: Fault | None = None
    pieces: Iterable[str] = ()


def is_settled(file: Path, now: float) -> bool:
    """Whether the file is taken to be whole. `now` is in seconds since 1970; a time of the file
    that is still to come is that of another clock."""
    return abs(now - file.stat().st_mtime) >= SETTLED_SECONDS


def read_records(path: Path) -> Iterator[InputRecord]:
    """Yield the records of a file of any form, gzipped or not."""
    with RecordFile(path) as file:
        yield from file


class RecordFile:
    """An open file. A context manager and, once, an iterator of its records.

    JSON Lines lose only a faulty line. What follows a syntax error in another form
    cannot be told apart any more: the records before it, then one fault for the rest.
    """

    def __init__(self, path: Path) -> None:
        self._files = ExitStack()
        stream = self._files.enter_context(path.open("rb"))
        self.is_gzip = stream.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
        self._window = TextWindow(Unzipped(stream).read if self.is_gzip else stream.read)
        self._window.fill()
        self._blank_lines = _skip_to_first_record(self._window)
        self.form = _recognise(self._window)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def __iter__(self) -> Iterator[InputRecord]:
        for record in self._records():
            yield record
            deque(record.pieces, maxlen=0)

    def _records(self) -> Iterator[InputRecord]:
        match self.form:
            case Form.ARRAY:
                return _read_arrays(self._window)
            case Form.VALUES:
                return _read_values(self._window)
            case Form.LINES:
                return _read_lines(self._window, self._blank_lines)
            case Form.UNKNOWN:
                return iter([_rest(self._window, 1, Fault.NOT_TEXT)])


def _skip_to_first_record(window: TextWindow) -> int:
    """Skip a byte order mark and white space. Returns how many lines that were."""
    text = window.text
    window.at = len(text) - len(text.removeprefix(_BYTE_ORDER_MARK).lstrip())
    return text.count("\n", 0, window.at)


def _recognise(window: TextWindow) -> Form:
    """The form, as far as the beginning of the file tells."""
    lines = _first_lines(window)
    head = window.text[window.at :]
    is_value = isinstance(decode_text(lines[0]), Decoded)
    if head.startswith("["):
        # JSON Lines may hold an array, which is no record, or a remark in the first line.
        # `[,` is no remark: scrubbing leaves it of an array that cannot be read.
        is_line = is_value or (fails_within(lines[0]) and not head.startswith("[,"))
        return Form.LINES if is_line and _has_object(lines) else Form.ARRAY
    if head.startswith("{") and len(lines) > 1 and not is_value:
        # An object over several lines, or JSON Lines whose first line is faulty.
        if _goes_on(window, lines[0]) or not _has_object(lines):
            return Form.VALUES
    elif "\0" in head and not _has_object(lines):
        return Form.UNKNOWN
    return Form.LINES


def _first_lines(window: TextWindow) -> list[str]:
    """Those of the first `CHUNK`, or more for two whole ones, if no longer than records."""
    while window.held <= MAX_RECORD_CHARACTERS:
        if window.text.count("\n", window.at) >= _TELLING_LINES or not window.fill():
            break
    return window.text[window.at :].split("\n")


def _goes_on(window: TextWindow, first_line: str) -> bool:
    """Whether the object at the beginning goes on behind its line, or another follows in it."""
    found = decode_next(window)
    if not isinstance(found, Decoded):
        return False
    line_end = window.at + len(first_line)
    return found.end > line_end or window.text[found.end : line_end].lstrip().startswith("{")


def _has_object(lines: list[str]) -> bool:
    """Whether any line is an object by itself, and not within a value of several lines."""
    written = [line.lstrip() for line in lines if line.strip()]
    return any(
        isinstance(found := decode_text(line), Decoded) and isinstance(found.value, dict)
        for line, after in pairwise([*written, ""])
        if not after.startswith((",", "]", "}"))
    )


def _read_lines(window: TextWindow, position: int) -> Iterator[InputRecord]:
    while window.held or window.fill():
        position += 1
        end = window.line_end(MAX_RECORD_CHARACTERS)
        if end < 0 and window.held > MAX_RECORD_CHARACTERS:
            yield InputRecord(position, fault=Fault.TOO_LONG, pieces=window.take_line())
            continue
        if end < 0 and window.is_damaged:
            break
        raw = window.take(len(window.text) if end < 0 else end).strip()
        window.at += end >= 0
        if raw:
            yield _checked(position, raw, decode_text(raw))
    if window.is_damaged:
        yield _rest(window, position + (not window.held), Fault.DAMAGED)


def _read_arrays(window: TextWindow) -> Iterator[InputRecord]:
    """The elements of an array, and of those that follow it, as in files put together."""
    position = 0
    while window.next_character() == "[":
        window.at += 1
        before = ""
        while not (window.next_character() == "]" and before != ","):
            position += 1
            record = _read_value(window, position, before)
            yield record
            if record.fault and record.fault.is_rest_of_file:
                return
            before = window.next_character()
            if before == ",":
                window.at += 1
            elif before != "]":
                yield _rest(window, position + 1, _fault_at(window, before))
                return
        window.at += 1
    left = window.next_character()
    if left or window.is_damaged:
        yield _rest(window, position + 1, _fault_at(window, left), before="]")


def _read_values(window: TextWindow) -> Iterator[InputRecord]:
    position = 0
    while window.next_character():
        position += 1
        record = _read_value(window, position)
        yield record
        if record.fault and record.fault.is_rest_of_file:
            return
    if window.is_damaged:
        yield _rest(window, position + 1, Fault.DAMAGED)


def _read_value(window: TextWindow, position: int, before: str = "") -> InputRecord:
    found = decode_next(window)
    if isinstance(found, Decoded):
        return _checked(position, window.take(found.end), found)
    if found.is_rest_of_file:
        return _rest(window, position, found, before)
    return InputRecord(position, fault=found, pieces=take_value(window))


def _checked(position: int, raw: str, found: Decoded | Fault) -> InputRecord:
    if not raw.isascii() and not _is_utf8(raw):
        return InputRecord(position, raw, fault=Fault.NOT_UTF8)
    if isinstance(found, Fault):
        return InputRecord(position, raw, fault=found)
    return InputRecord(position, raw, found.value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _rest(window: TextWindow, position: int, fault: Fault, before: str = "") -> InputRecord:
    """The rest of the file, which begins with what separates it from the record before."""
    return InputRecord(position, fault=fault, pieces=chain([before], window.take_all()))


def _fault_at(window: TextWindow, character: str) -> Fault:
    if character:
        return Fault.INVALID
    return Fault.DAMAGED if window.is_damaged else Fault.ENDS_EARLY
