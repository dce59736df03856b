"""Taking a user's data out of landed files and the lake, in place.

A file is replaced as a whole or not at all, and keeps its modification time: the batch
that landed last decides what a message says.
"""

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpp_assets.jobs.landing_files import Form, InputRecord, RecordFile
from mpp_assets.jobs.mentions import Mention
from mpp_stores.events import users_of
from mpp_stores.lake import Lake, batch_key, fingerprint


def scrub_file(
    file: Path,
    is_erased: Callable[[str], bool],
    user_id: str | None,
    before_replacing: Callable[[str], None] | None = None,
) -> int:
    """Rewrite a landed file without the records of erased users. Returns how many those were.

    A file without any is left as it is; one that is rewritten has another fingerprint. Other
    records keep their text; white space between records does not. Text that names no user,
    because it cannot be parsed or has no such field, is removed as a whole if it mentions
    `user_id`. Of a damaged compressed file that is rewritten, what could not be unpacked is lost.

    `before_replacing` is told the fingerprint that the file is about to have, once more when the
    file was replaced meanwhile.
    """
    mention = Mention(user_id) if user_id else None
    while True:
        found = fingerprint(file)
        with _partial(file) as partial, RecordFile(file) as source:
            removed = {
                record.position for record in source if _is_about(record, is_erased, mention)
            }
            if not removed:
                return 0
            _copy_without(removed, file, partial)
            if partial.stat().st_size == file.stat().st_size:
                _lengthen(partial, is_gzip=source.is_gzip)
            _finish(partial, file)
            if before_replacing:
                before_replacing(fingerprint(partial))
            # A file that was replaced meanwhile has other records.
            if fingerprint(file) == found:
                _replace(file, partial)
                return len(removed)


def remove_text_vectors(lake: Lake, text_hashes: pa.ChunkedArray) -> int:
    """Remove the vectors of these texts, of every model. Returns how many those were."""
    removed = 0
    for file in sorted((lake.root / "text_vectors").glob("model=*/*.parquet")):
        found = pq.read_table(file, columns=["text_hash"])["text_hash"]
        if count := len(found.filter(pc.is_in(found, text_hashes))):
            _filter_parquet(file, text_hashes)
            removed += count
    return removed


def _is_about(
    record: InputRecord, is_erased: Callable[[str], bool], mention: Mention | None
) -> bool:
    if users := users_of(record.value):
        return any(map(is_erased, users))
    return mention is not None and mention.occurs_in(_pieces(record))


def _pieces(record: InputRecord) -> Iterator[str]:
    yield record.raw
    yield from record.pieces


def _copy_without(removed: set[int], file: Path, copy: Path) -> None:
    with ExitStack() as files:
        source = files.enter_context(RecordFile(file))
        stream: BinaryIO = files.enter_context(copy.open("wb"))
        if source.is_gzip:
            zipped = gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=6)
            stream = cast(BinaryIO, files.enter_context(zipped))
        for text in _text_without(removed, source):
            stream.write(text.encode(errors="surrogateescape"))


def _lengthen(copy: Path, *, is_gzip: bool) -> None:
    """By a line break behind the records, in a gzip member of its own: as it keeps the time of
    the file, a copy of the same size would pass for it."""
    with copy.open("ab") as stream:
        stream.write(gzip.compress(b"\n") if is_gzip else b"\n")


def _text_without(removed: set[int], source: RecordFile) -> Iterator[str]:
    """JSON Lines, or an array of what was one or can be: values over several lines would be
    taken for JSON Lines if the first that is left has a line of its own."""
    is_array = source.form in {Form.ARRAY, Form.VALUES}
    before = "[\n" if is_array else ""
    is_open = is_array
    is_empty = True
    for record in source:
        if record.position in removed:
            continue
        is_rest = record.fault is not None and record.fault.is_rest_of_file
        if is_rest and source.form is Form.ARRAY:
            # It brings its separator, and the bracket if there is one. Where the records before
            # it are gone, the comma keeps it unreadable.
            before = "[," if is_empty and removed else before.rstrip(",\n")
        yield before
        yield from _pieces(record)
        before = ",\n" if is_array else "\n"
        is_open = is_array and not is_rest
        is_empty = False
    if is_open:
        yield "[]" if is_empty else "\n]"
    yield "\n"


def _filter_parquet(file: Path, hashes: pa.ChunkedArray) -> None:
    table = pq.read_table(file, partitioning=None)
    kept = table.filter(pc.invert(pc.is_in(table["text_hash"], hashes)))
    with _partial(file) as partial:
        pq.write_table(kept, partial)
        # Spark refuses a file that does not match its checksum, and takes one without.
        file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
        _finish(partial, file)
        _replace(file, partial)


@contextmanager
def _partial(file: Path) -> Iterator[Path]:
    """A hidden file beside another, gone afterwards unless it has replaced the other.

    Nothing takes hidden files for batches or for a part of a dataset. One that an
    interrupted call left is removed.
    """
    partial = file.with_name(f".{batch_key(file.name)}.partial")
    partial.unlink(missing_ok=True)
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _finish(partial: Path, file: Path) -> None:
    """With the permissions and times of the file, on disk."""
    shutil.copystat(file, partial)
    _sync(partial)


def _replace(file: Path, partial: Path) -> None:
    partial.replace(file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
