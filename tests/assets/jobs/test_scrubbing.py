import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mpp_assets.jobs.datasets import read_dataset, spark_schema
from mpp_assets.jobs.landing_files import read_records
from mpp_assets.jobs.scrubbing import remove_text_vectors, scrub_file
from mpp_stores.events import MAX_RECORD_CHARACTERS
from mpp_stores.lake import TEXT_VECTOR_SCHEMA, Lake, fingerprint
from mpp_stores.records import EMBEDDING_DIMENSION

GONE = "gone-é"
KEPT = [
    {"user_id": "kept", "message": f'ask {GONE} "\\ 😀', "n": [1.50, 2e3, None]},
    {"user": "gone-é2"},
    {"userId": ["not an id"]},
    "no record",
]
OF_GONE = [
    {"user_id": f" {GONE} "},
    {"userid": GONE, "message": 1},
    {"user": "kept", "userId": GONE},
]
RECORDS = [OF_GONE[0], *KEPT[:2], OF_GONE[1], *KEPT[2:], OF_GONE[2]]


def written(folder: Path, content: bytes) -> Path:
    file = folder / "events.json"
    file.write_bytes(content)
    os.utime(file, ns=(5, 1_767_700_000_123_456_789))
    return file


def scrub(file: Path, user_id: str = GONE) -> int:
    return scrub_file(file, lambda found: found == user_id, user_id)


def values(file: Path) -> list[object]:
    return [record.fault or record.value for record in read_records(file)]


def array(records: list[object]) -> bytes:
    return json.dumps(records, indent=1).encode()


def lines(records: list[object]) -> bytes:
    return b"\r\n".join(json.dumps(record, ensure_ascii=False).encode() for record in records)


def test_a_correction_that_comes_at_the_last_moment_stays_and_is_scrubbed(tmp_path):
    file = written(tmp_path, lines([OF_GONE[0], KEPT[0]]))
    announced: list[str] = []

    def correct_once(fingerprint: str) -> None:
        announced.append(fingerprint)
        if len(announced) == 1:
            file.write_bytes(lines([OF_GONE[1], KEPT[1]]))

    assert scrub_file(file, lambda found: found == GONE, GONE, before_replacing=correct_once) == 1
    assert values(file) == [KEPT[1]]
    assert announced[-1] == fingerprint(file) != announced[0]


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", [array, lines])
def test_records_of_erased_users_go_and_the_others_stay_as_they_are(tmp_path, form, compress):
    file = written(tmp_path, compress(b"\xef\xbb\xbf" + form(RECORDS)))
    file.chmod(0o640)
    before = file.stat()
    assert scrub(file) == 3
    assert values(file) == KEPT
    after = file.stat()
    assert (after.st_mtime_ns, after.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert file.read_bytes().startswith(b"\x1f\x8b") == (compress is gzip.compress)
    assert list(tmp_path.iterdir()) == [file]


def test_the_text_of_other_records_is_not_written_anew(tmp_path):
    other = b'{"a" : 1.50, "a":2, "b":"\\u00e9\\/"}'
    file = written(tmp_path, b'[{"user": "gone"},\n ' + other + b"]")
    assert scrub(file, "gone") == 1
    assert other in file.read_bytes()


@pytest.mark.parametrize("content", [array(KEPT), gzip.compress(lines(KEPT)), b"", b"\xff\0 other"])
def test_a_file_without_erased_users_is_left_byte_for_byte(tmp_path, content):
    file = written(tmp_path, content)
    before = file.stat()
    assert scrub(file) == 0
    assert file.read_bytes() == content
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def in_text(content: bytes, size: int) -> bytes:
    return content.ljust(size)


def in_gzip(content: bytes, size: int) -> bytes:
    """What is missing is in the name of the file, which the header holds."""
    name = "n" * (size - len(gzip.compress(content, 6)) - 1)
    stream = io.BytesIO()
    with gzip.GzipFile(name, "wb", 6, stream) as zipped:
        zipped.write(content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("compress", "padded"),
    [(bytes, in_text), (gzip.compress, in_gzip)],
    ids=["plain", "gzip"],
)
def test_a_file_that_is_as_large_without_the_user_has_another_fingerprint(
    tmp_path: Path,
    compress: Callable[[bytes], bytes],
    padded: Callable[[bytes, int], bytes],
) -> None:
    kept = [n**9 for n in range(2_000)]
    content = json.dumps([{"user": "gone"}, *kept], separators=(",", ":")).encode()
    file = written(tmp_path, compress(content))
    scrub(file, "gone")
    size = file.stat().st_size
    file = written(tmp_path, padded(content, size))
    before = fingerprint(file)
    assert file.stat().st_size == size
    assert scrub(file, "gone") == 1
    assert fingerprint(file) != before
    assert values(file) == kept


def test_scrubbing_twice_removes_nothing_more(tmp_path):
    file = written(tmp_path, array(RECORDS))
    scrub(file)
    assert scrub(file) == 0


@pytest.mark.parametrize("form", [array, lines])
def test_a_file_of_erased_users_only_becomes_one_without_records(tmp_path, form):
    file = written(tmp_path, form(OF_GONE))
    assert scrub(file) == 3
    assert values(file) == []


def test_objects_over_several_lines_stay_apart(tmp_path):
    records = [{"user": GONE, "n": 1}, {}, {"user": "kept"}]
    file = written(tmp_path, "\n".join(json.dumps(each, indent=1) for each in records).encode())
    assert scrub(file) == 1
    assert values(file) == records[1:]


@pytest.mark.parametrize(
    "mention", [GONE, GONE.encode("unicode_escape").decode().replace("xe9", "u00E9")]
)
def test_lines_that_cannot_be_parsed_go_if_they_mention_the_user(tmp_path, mention):
    faulty = [f'{{"user": "{mention}"', '{"user": "gone-é2"', f"x{GONE}", f'{{"uid": "{mention}"}}']
    file = written(tmp_path, "\n".join([*faulty, '{"user": "kept"}']).encode())
    assert scrub(file) == 2
    assert [record.raw for record in read_records(file)] == [
        faulty[1],
        faulty[2],
        '{"user": "kept"}',
    ]


def test_without_the_id_what_cannot_be_parsed_stays(tmp_path):
    content = f'{{"user": "{GONE}"\n{{"user": "{GONE}"}}\n{{"n": 1}}\n'
    file = written(tmp_path, content.encode())
    assert scrub_file(file, lambda found: found == GONE, None) == 1
    assert [record.raw for record in read_records(file)] == [f'{{"user": "{GONE}"', '{"n": 1}']


@pytest.mark.parametrize(
    ("tail", "removed"),
    [(f', {{"user": "{GONE}"', 1), (', {"user": "other"', 0), ("] and more", 0), (f"] {GONE}", 1)],
)
def test_the_unreadable_tail_of_an_array_goes_only_if_it_mentions_the_user(tmp_path, tail, removed):
    records = [{"user": GONE}, {"user": "kept"}]
    file = written(tmp_path, (json.dumps(records)[:-1] + tail).encode())
    faults = [record.fault for record in read_records(file) if record.fault]
    assert scrub(file) == 1 + removed
    assert values(file) == [{"user": "kept"}, *faults[removed:]]
    left = file.read_text().replace(" ", "").strip()
    assert left.endswith(tail.replace(" ", "")) == (removed == 0)


def test_the_tail_stays_unreadable_when_every_record_before_it_goes(tmp_path):
    file = written(tmp_path, f'[{{"user": "{GONE}"}} {{"user": "kept"}}]'.encode())
    [_, fault] = values(file)
    assert scrub(file) == 1
    assert [record.fault for record in read_records(file) if record.fault] == [fault]


@pytest.mark.parametrize(
    "form", ['{"user": "gone"}\n%s\n{"user": "kept"}', '[{"user": "gone"}, %s]']
)
@pytest.mark.parametrize("user", ["gone", "kept"])
def test_a_record_that_is_too_long_goes_only_if_it_mentions_the_user(tmp_path, form, user):
    long = json.dumps({"note": "x " * MAX_RECORD_CHARACTERS, "user": user})
    file = written(tmp_path, (form % long).encode())
    assert scrub(file, "gone") == (2 if user == "gone" else 1)
    assert (long in file.read_text()) == (user == "kept")


def test_a_file_in_another_encoding_is_emptied_if_it_mentions_the_user(tmp_path):
    file = written(tmp_path, json.dumps([{"user": "gone"}]).encode("utf-16"))
    assert scrub(file, "someone") == 0
    assert scrub(file, "gone") == 1
    assert values(file) == []


def test_what_precedes_the_damage_of_a_compressed_file_is_scrubbed(tmp_path):
    many = [{"user": f"u-{n}", "pad": str(n**9)} for n in range(2_000)]
    file = written(tmp_path, gzip.compress(lines([{"user": GONE}, *many]))[:-100])
    assert scrub(file) == 1
    assert values(file)[:1_900] == many[:1_900]


def test_what_an_interrupted_call_left_is_removed(tmp_path, monkeypatch):
    file = written(tmp_path, array(RECORDS))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Path, "unlink", lambda *_, **__: None)
        interrupted.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            scrub(file)
    assert file.read_bytes() == array(RECORDS)
    assert len(list(tmp_path.iterdir())) == 2
    scrub(file)
    assert list(tmp_path.iterdir()) == [file]


def test_vectors_of_texts_are_removed_and_spark_reads_the_rest(spark, tmp_path):
    lake = Lake(tmp_path)
    vector = np.ones(EMBEDDING_DIMENSION, dtype=np.float32).tolist()
    for model in ("one", "other"):
        rows = [{"text_hash": f"h-{n}", "embedding": vector} for n in range(10)]
        spark.createDataFrame(rows, spark_schema(TEXT_VECTOR_SCHEMA)).repartition(3).write.parquet(
            str(lake.text_vectors(model))
        )
    assert remove_text_vectors(lake, pa.chunked_array([["h-1"], ["h-4", "unknown"]])) == 4
    for model in ("one", "other"):
        left = read_dataset(spark, lake.text_vectors(model), TEXT_VECTOR_SCHEMA).collect()
        assert {row.text_hash for row in left} == {f"h-{n}" for n in (0, 2, 3, 5, 6, 7, 8, 9)}
        assert left[0].embedding == vector
    assert remove_text_vectors(lake, pa.chunked_array([["h-1", "h-4"]])) == 0
