"""JSON values that follow one another in a text, decoded one by one.

A library that streams JSON holds every value, however long, and tells what follows a
value only once it is whole. Here a value has a greatest length, and one that is longer
can be skipped or copied in pieces.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mpp_assets.jobs.text_window import TextWindow
from mpp_stores.events import MAX_RECORD_CHARACTERS, RECORD_TOO_LONG

_DECODER = json.JSONDecoder()
_LONGEST_LITERAL = len("-Infinity")
# Of 12e+3, what 12 can be followed by where the text is cut off.
_LONGEST_CUT_OF_A_NUMBER = "e+"
_OUTSIDE_STRINGS = re.compile(r'["{}\[\],]')
_INSIDE_STRINGS = re.compile(r'["\\]')


class Fault(StrEnum):
    """Why a record could not be read; those from `ENDS_EARLY` on hold for the rest of the file."""

    NOT_JSON = "record not JSON"
    NOT_UTF8 = "record not UTF-8"
    TOO_LONG = RECORD_TOO_LONG
    TOO_DEEP = "record too deep"
    ENDS_EARLY = "file unreadable from here: it ends within a record"
    INVALID = "file unreadable from here: invalid JSON"
    DAMAGED = "file unreadable from here: compressed data damaged"
    NOT_TEXT = "file unreadable from here: not UTF-8 text"

    @property
    def is_rest_of_file(self) -> bool:
        return self.value.startswith("file ")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value, and the index of the window's text at which it ends."""

    value: Any
    end: int


def decode_text(text: str) -> Decoded | Fault:
    """A text that is one value; white space around it does not count."""
    try:
        return Decoded(json.loads(text), len(text))
    except RecursionError:
        return Fault.TOO_DEEP
    except ValueError:
        return Fault.NOT_JSON


def decode_next(window: TextWindow) -> Decoded | Fault:
    """The value that begins where the window stands. Takes nothing."""
    while True:
        found, is_cut = _attempt(window)
        if not is_cut and isinstance(found, Fault):
            return found
        if isinstance(found, Decoded) and found.end - window.at > MAX_RECORD_CHARACTERS:
            return Fault.TOO_LONG
        if not is_cut:
            return found
        if window.held > MAX_RECORD_CHARACTERS:
            return Fault.TOO_LONG
        if window.has_ended:
            return Fault.DAMAGED if window.is_damaged else found
        window.fill()


def _attempt(window: TextWindow) -> tuple[Decoded | Fault, bool]:
    """What the window holds of the value, and whether more text could change that."""
    text = window.text
    try:
        value, end = _DECODER.raw_decode(text, window.at)
    except json.JSONDecodeError as error:
        is_open = _is_open(error) or error.pos >= len(text)
        is_cut = is_open or error.pos >= len(text) - _LONGEST_LITERAL
        return (Fault.ENDS_EARLY if is_open else Fault.INVALID), is_cut
    except RecursionError:
        return Fault.TOO_DEEP, False
    except ValueError:  # an integer of too many digits
        return Fault.NOT_JSON, False
    could_go_on = len(text) - end <= len(_LONGEST_CUT_OF_A_NUMBER)
    return Decoded(value, end), could_go_on and not window.has_ended


def fails_within(line: str) -> bool:
    """Whether a line begins with no value, nor with one that could go on in the next."""
    try:
        _DECODER.raw_decode(line)
    except json.JSONDecodeError as error:
        return not _is_open(error) and error.pos < len(line.rstrip())
    except (RecursionError, ValueError):
        return False
    return False


def _is_open(error: json.JSONDecodeError) -> bool:
    return error.msg.startswith("Unterminated string")


def take_value(window: TextWindow) -> Iterator[str]:
    """The value that begins where the window stands, in pieces, by its brackets and quotes."""
    brackets = _Brackets()
    while (end := brackets.end_of_value(window.text, window.at)) is None:
        yield window.take(len(window.text))
        if not window.fill():
            return
    yield window.take(end)


class _Brackets:
    """Where a value ends, found piece by piece."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_in_string = False
        self._escaped = 0

    def end_of_value(self, text: str, start: int) -> int | None:
        """Index behind the value; None when it goes on behind the text."""
        at = start + self._escaped
        self._escaped = 0
        while match := self._next(text, at):
            at = match.end()
            mark = match[0]
            if mark == "\\":
                at += 1
            elif mark == '"':
                self._is_in_string = not self._is_in_string
            elif mark in "[{":
                self._depth += 1
            elif self._depth == 0:
                return match.start()
            elif mark in "]}":
                self._depth -= 1
            if self._depth == 0 and not self._is_in_string and mark != "\\":
                return at
        self._escaped = max(0, at - len(text))
        return None

    def _next(self, text: str, at: int) -> re.Match[str] | None:
        return (_INSIDE_STRINGS if self._is_in_string else _OUTSIDE_STRINGS).search(text, at)
