import gzip
import json
import tracemalloc
import zlib
from pathlib import Path

import pytest

from mpp_assets.jobs import text_window
from mpp_assets.jobs.json_values import Fault
from mpp_assets.jobs.landing_files import read_records
from mpp_stores.events import MAX_RECORD_CHARACTERS

RECORDS = [{"user_id": "u-1", "message": "héllo"}, {"user_id": "u-2", "message": "😀"}]
LINES = b"".join(b'{"a": %d, "pad": "%d"}\n' % (n, n**9) for n in range(5_000))


def written(folder: Path, content: bytes, name: str = "events.json") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def found(folder: Path, content: bytes) -> list[tuple[int, object, Fault | None]]:
    """What is read of a file with this content: (position, value, fault)."""
    records = read_records(written(folder, content))
    return [(record.position, record.value, record.fault) for record in records]


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS, indent=2).encode(),
        b"\xef\xbb\xbf  " + json.dumps(RECORDS, ensure_ascii=False).encode(),
        "\n".join(json.dumps(record) for record in RECORDS).encode(),
        b"\xef\xbb\xbf" + "\r\n".join(json.dumps(record) for record in RECORDS).encode(),
        "\n".join(json.dumps(record, indent=2) for record in RECORDS).encode(),
    ],
    ids=["array", "array-with-bom", "lines", "lines-with-bom-and-crlf", "objects-over-lines"],
)
def test_every_form_of_file_gives_the_same_records(tmp_path, content, compress):
    assert found(tmp_path, compress(content)) == [(1, RECORDS[0], None), (2, RECORDS[1], None)]


@pytest.mark.parametrize(
    "form",
    [lambda record: [record], lambda record: record],
    ids=["arrays", "lines"],
)
def test_files_that_were_compressed_apart_and_put_together_are_one(tmp_path, form):
    members = (gzip.compress(json.dumps(form(record)).encode() + b"\n") for record in RECORDS)
    assert found(tmp_path, b"".join(members)) == [(1, RECORDS[0], None), (2, RECORDS[1], None)]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"[]", b"\xef\xbb\xbf"])
def test_a_file_without_records_has_none(tmp_path, content):
    assert found(tmp_path, content) == []


def test_a_faulty_line_is_reported_and_the_others_are_read(tmp_path):
    content = b'\n{"a": 1}\n\n{"a": \n{"b": "\xff\xfe"}\n{"a": 2}\n'
    assert found(tmp_path, content) == [
        (2, {"a": 1}, None),
        (4, None, Fault.NOT_JSON),
        (5, None, Fault.NOT_UTF8),
        (6, {"a": 2}, None),
    ]
    records = list(read_records(written(tmp_path, content)))
    assert records[1].raw == '{"a":'


def test_a_faulty_first_line_does_not_hide_the_lines_after_it(tmp_path):
    assert found(tmp_path, b'{"a": \n{"a": 2}\n{"a": 3}\n') == [
        (1, None, Fault.NOT_JSON),
        (2, {"a": 2}, None),
        (3, {"a": 3}, None),
    ]


@pytest.mark.parametrize(
    "first", ['{"a": 1},', '{"a": 1} x', "[INFO] export started", "[INFO]", '["a", tru']
)
def test_a_first_line_with_something_else_in_it_costs_only_itself(tmp_path, first):
    assert found(tmp_path, first.encode() + b'\n{"a": 2}\n{"a": 3}\n') == [
        (1, None, Fault.NOT_JSON),
        (2, {"a": 2}, None),
        (3, {"a": 3}, None),
    ]


@pytest.mark.parametrize("first", ['{"a": ', '{"a": 1},', "[INFO] export started"])
@pytest.mark.parametrize("size", [2 * text_window.CHUNK, MAX_RECORD_CHARACTERS - 100])
def test_a_faulty_first_line_does_not_hide_lines_that_are_long(tmp_path, first, size):
    long = {"a": "x" * size}
    content = "\n".join([first, *[json.dumps(long)] * 2]).encode()
    assert found(tmp_path, content) == [
        (1, None, Fault.NOT_JSON),
        (2, long, None),
        (3, long, None),
    ]


def test_objects_one_behind_the_other_in_the_first_line_are_records(tmp_path):
    assert found(tmp_path, b'{"a": 1}{"a": 2}\n{"a": 3}\n') == [
        (1, {"a": 1}, None),
        (2, {"a": 2}, None),
        (3, {"a": 3}, None),
    ]


def test_an_object_over_several_lines_is_one_record(tmp_path):
    record = {"user_id": "u-1", "tags": [{"a": 1}, {"b": 2}]}
    assert found(tmp_path, json.dumps(record, indent=0).encode()) == [(1, record, None)]


def test_a_broken_object_over_several_lines_is_one_fault(tmp_path):
    content = json.dumps(RECORDS[0], indent=2).encode()
    assert found(tmp_path, content[:-5]) == [(1, None, Fault.ENDS_EARLY)]
    assert found(tmp_path, content.replace(b'",', b'"')) == [(1, None, Fault.INVALID)]


def test_an_error_in_the_first_line_of_an_array_does_not_make_lines_of_its_elements(tmp_path):
    for separator in (b",\n", b"\n,\n", b"\n,"):
        content = b"[" + separator.join([b'{"a": 1}, {"a": tru}', b'{"a": 3}', b'{"a": 4}'])
        assert found(tmp_path, content + b"\n]") == [(1, {"a": 1}, None), (2, None, Fault.INVALID)]


def test_an_array_without_a_first_element_is_one_fault(tmp_path):
    content = b'[,{"a": 1}\n{"a": 2}\n{"a": 3}\n'
    assert found(tmp_path, content) == [(1, None, Fault.INVALID)]


def test_an_object_within_a_broken_one_is_no_record(tmp_path):
    content = b'{"a": "b"\n"tags": [\n{"c": 1}\n]\n}'
    assert found(tmp_path, content) == [(1, None, Fault.INVALID)]


@pytest.mark.parametrize("content", [b'"a text"', b"42", b"null", b'{"a": 1}'])
def test_a_single_value_of_any_type_is_one_record(tmp_path, content):
    assert found(tmp_path, content) == [(1, json.loads(content), None)]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'[{"a": 1}, {"a": 2}, {"a"', Fault.ENDS_EARLY),
        (b'[{"a": 1}, {"a": 2}', Fault.ENDS_EARLY),
        (b'[{"a": 1}, {"a": 2},', Fault.ENDS_EARLY),
        (b'[{"a": 1}, {"a": 2}, ]', Fault.INVALID),
        (b'[{"a": 1}, {"a": 2} {"a": 3}]', Fault.INVALID),
        (b'[{"a": 1}, {"a": 2}, {"a": tru}, {"a": 4}]', Fault.INVALID),
        (b'[{"a": 1}, {"a": 2}] and more', Fault.INVALID),
    ],
)
def test_a_damaged_array_gives_the_records_before_the_break_and_one_fault(tmp_path, content, fault):
    assert found(tmp_path, content) == [(1, {"a": 1}, None), (2, {"a": 2}, None), (3, None, fault)]


def test_an_element_that_is_not_utf8_does_not_end_its_array(tmp_path):
    assert found(tmp_path, b'[{"a": "caf\xe9"}, {"a": 2}]') == [
        (1, None, Fault.NOT_UTF8),
        (2, {"a": 2}, None),
    ]


@pytest.mark.parametrize("content", [LINES, b"[" + LINES.replace(b"\n", b",\n")[:-2] + b"]"])
def test_a_truncated_gzip_file_gives_what_precedes_the_break_and_one_fault(tmp_path, content):
    records = found(tmp_path, gzip.compress(content)[:-20])
    assert [fault for _, _, fault in records if fault] == [Fault.DAMAGED]
    assert len(records) > 4_900
    assert [position for position, _, _ in records] == list(range(1, len(records) + 1))


def test_a_gzip_file_with_wrong_bytes_gives_what_precedes_them_and_one_fault(tmp_path):
    content = bytearray(gzip.compress(LINES))
    content[-3_000:] = b"\xff" * 3_000
    records = found(tmp_path, bytes(content))
    assert records[0] == (1, {"a": 0, "pad": "0"}, None)
    assert records[-1][2] is Fault.DAMAGED


NO_BLOCK = b"\x07"
"""A type of block that deflate does not have: zlib stops there."""


@pytest.mark.parametrize("count", [500, 5_000], ids=["one-read", "many-reads"])
@pytest.mark.parametrize("before", [b"", gzip.compress(b"\n") + bytes(8)], ids=["first", "second"])
def test_a_gzip_file_gives_all_that_precedes_what_is_no_gzip(tmp_path, count, before):
    lines = LINES.splitlines(keepends=True)[:count]
    zipped = zlib.compressobj(wbits=31)
    content = zipped.compress(b"".join([*lines, b'{"cut":'])) + zipped.flush(zlib.Z_SYNC_FLUSH)
    *read, last = found(tmp_path, before + content + NO_BLOCK)
    assert [value for _, value, _ in read] == [json.loads(line) for line in lines]
    assert last[2] is Fault.DAMAGED


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS).encode("utf-16"),
        json.dumps(RECORDS).encode("utf-16-le"),
        LINES.decode().encode("utf-16"),
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 500,
    ],
    ids=["utf-16", "utf-16-without-mark", "utf-16-lines", "binary"],
)
def test_a_file_that_is_not_utf8_text_is_one_fault(tmp_path, content):
    [(position, value, fault)] = found(tmp_path, content)
    assert (position, value) == (1, None)
    assert fault is not None
    assert fault.is_rest_of_file


def test_a_stray_nul_costs_its_line_only(tmp_path):
    assert found(tmp_path, b'{"a": \0}\n{"a": 2}\n') == [
        (1, None, Fault.NOT_JSON),
        (2, {"a": 2}, None),
    ]


LONG = b'{"a": "' + b'x\\"]}' * MAX_RECORD_CHARACTERS + b'"}'


@pytest.mark.parametrize(
    "content",
    [b'{"a": 1}\n' + LONG + b'\n{"a": 3}\n', b'[{"a": 1},' + LONG + b',{"a": 3}]'],
    ids=["lines", "array"],
)
def test_a_record_that_is_too_long_is_reported_and_the_others_are_read(tmp_path, content):
    assert found(tmp_path, content) == [
        (1, {"a": 1}, None),
        (2, None, Fault.TOO_LONG),
        (3, {"a": 3}, None),
    ]


@pytest.mark.parametrize("opening", [b"", b"["], ids=["line", "element"])
def test_a_record_that_is_too_long_is_not_held(tmp_path, opening):
    file = written(tmp_path, opening + LONG * 4)
    size = file.stat().st_size
    tracemalloc.start()
    for _ in read_records(file):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 2


def test_the_text_of_a_record_that_is_too_long_comes_in_pieces(tmp_path):
    file = written(tmp_path, b"[" + LONG + b', {"a": 2}]')
    texts = ["".join(record.pieces) for record in read_records(file)]
    assert texts == [LONG.decode(), ""]


@pytest.mark.parametrize(
    ("element", "fault"),
    [(b"[" * 50_000 + b"]" * 50_000, Fault.TOO_DEEP), (b"9" * 5_000, Fault.NOT_JSON)],
    ids=["deep", "digits"],
)
@pytest.mark.parametrize("form", [b'{"a":0}\n%s\n{"a":2}', b'[{"a":0},%s,{"a":2}]'])
def test_what_python_cannot_decode_is_reported_and_the_others_are_read(
    tmp_path, element, fault, form
):
    assert found(tmp_path, form % element) == [
        (1, {"a": 0}, None),
        (2, None, fault),
        (3, {"a": 2}, None),
    ]


@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_records_are_whole_wherever_the_file_is_cut_into_reads(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(text_window, "CHUNK", chunk)
    values = [
        {'ü\\"': "]}\\" * length, "n": [length * 1.5e9, None, -length]} for length in range(99)
    ]
    for text in (json.dumps(values, ensure_ascii=False), "\n".join(map(json.dumps, values))):
        records = list(read_records(written(tmp_path, text.encode())))
        assert [record.value for record in records] == values
        assert [json.loads(record.raw) for record in records] == values
