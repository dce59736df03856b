"""Text of a file of any size, of which only a stretch is in memory."""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

CHUNK = 65_536

_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
_JSON_SPACE = re.compile(r"[ \t\n\r]*")


class Unzipped:
    """What a gzip file holds, up to where it is damaged."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._file = gzip.GzipFile(fileobj=stream)
        self._most = CHUNK

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end. Raises what `gzip` does where it is damaged."""
        given = self._file.tell()
        try:
            # read1 returns what precedes the end of a file that is cut off; read would only raise.
            return self._file.read1(min(size, self._most))
        except zlib.error:
            if self._most == 1:
                raise
        # zlib tells nothing of what it unpacked in the call that fails: byte by byte from there,
        # so that one byte is lost at most.
        self._most = 1
        self._stream.seek(0)
        self._file = gzip.GzipFile(fileobj=self._stream)
        self._file.seek(given)
        return self.read(size)


class TextWindow:
    """The stretch is `text`, and what was not taken from it yet begins at index `at`.

    Bytes that are not UTF-8 become lone surrogates (`surrogateescape`), which turn into
    the same bytes when encoded the same way. `is_damaged` says that a compressed file
    could not be unpacked to its end; what could be unpacked comes first.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.text = ""
        self.at = 0
        self.has_ended = False
        self.is_damaged = False

    @property
    def held(self) -> int:
        """Characters in memory that were not taken yet."""
        return len(self.text) - self.at

    def fill(self) -> bool:
        """Forget what was taken and read on: as much again as is held, `CHUNK` at least.

        False at the end of the text. Indexes into `text` change.
        """
        wanted = max(CHUNK, self.held)
        more: list[str] = []
        while wanted > 0 and not self.has_ended:
            try:
                data = self._read(wanted)
            except _DAMAGE:
                self.is_damaged = True
                data = b""
            self.has_ended = not data
            more.append(self._decoder.decode(data, final=self.has_ended))
            wanted -= len(data)
        self.text = "".join([self.text[self.at :], *more])
        self.at = 0
        return any(more) or not self.has_ended

    def next_character(self) -> str:
        """Skip JSON's white space and look at what follows; "" at the end of the text."""
        while True:
            match = _JSON_SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.fill():
                return ""

    def line_end(self, limit: int) -> int:
        """Index of the next line break, -1 if there is none within `limit` or to the end."""
        searched = 0
        while True:
            end = self.text.find("\n", self.at + searched)
            if end >= 0:
                return end if end - self.at <= limit else -1
            searched = self.held
            if searched > limit or not self.fill():
                return -1

    def take(self, end: int) -> str:
        """What is held up to an index of `text`."""
        taken = self.text[self.at : end]
        self.at = end
        return taken

    def take_line(self) -> Iterator[str]:
        """The rest of the line, however long, in pieces; its break is skipped."""
        while (end := self.text.find("\n", self.at)) < 0:
            yield self.take(len(self.text))
            if not self.fill():
                return
        yield self.take(end)
        self.at += 1

    def take_all(self) -> Iterator[str]:
        """The rest of the text, in pieces."""
        yield self.take(len(self.text))
        while self.fill():
            yield self.take(len(self.text))
