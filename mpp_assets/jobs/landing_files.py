"""Reading a landed file record by record, without holding it in memory."""

import codecs
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One record of a file. `position` is the 1-based element of a JSON array, or the line.

    Exactly one of `value` (the decoded JSON) and `fault` (why it could not be read) counts;
    `raw` is what to keep of the record when it is rejected.
    """

    position: int
    raw: str
    value: Any = None
    fault: str | None = None


def read_records(path: Path) -> Iterator[InputRecord]:
    """Yield the records of a JSON array or JSON Lines file, either gzipped.

    What follows a syntax error inside an array cannot be told apart any more: the
    records before it are yielded, then one fault for the rest. JSON Lines lose
    only the faulty line.
    """
    with ExitStack() as files:
        stream = files.enter_context(path.open("rb"))
        if stream.peek(2).startswith(_GZIP_MAGIC):
            unzipped = cast("io.RawIOBase", gzip.GzipFile(fileobj=stream))
            stream = files.enter_context(io.BufferedReader(unzipped))
        head = _peek(stream)
        if head.startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        starts_array = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
        yield from _read_array(stream) if starts_array else _read_lines(stream)


def _peek(stream: io.BufferedReader) -> bytes:
    try:
        return stream.peek(4096)
    except (EOFError, OSError):  # a damaged gzip file: reading it reports the fault
        return b""


def _read_array(stream: BinaryIO) -> Iterator[InputRecord]:
    position = 0
    try:
        for value in ijson.items(stream, "item", use_float=True):
            position += 1
            yield InputRecord(position, json.dumps(value, ensure_ascii=False), value)
    except (ijson.JSONError, UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        yield InputRecord(position + 1, "", fault=f"file unreadable from here: {error}")


def _read_lines(stream: BinaryIO) -> Iterator[InputRecord]:
    position = 0
    try:
        for line in stream:
            position += 1
            if line.strip():
                yield _read_line(position, line)
    except (EOFError, gzip.BadGzipFile) as error:
        yield InputRecord(position + 1, "", fault=f"file unreadable from here: {error}")


def _read_line(position: int, line: bytes) -> InputRecord:
    raw = line.decode("utf-8", errors="backslashreplace").strip()
    try:
        return InputRecord(position, raw, json.loads(line.decode()))
    except UnicodeDecodeError:
        return InputRecord(position, raw, fault="record not UTF-8")
    except json.JSONDecodeError:
        return InputRecord(position, raw, fault="record not JSON")
