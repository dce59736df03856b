import gzip
import json
from pathlib import Path

import pytest

from mpp_assets.jobs.landing_files import read_records

RECORDS = [{"user_id": "u-1", "message": "héllo"}, {"user_id": "u-2", "message": "😀"}]


def written(folder: Path, content: bytes, name: str = "events.json") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS, indent=2).encode(),
        b"\xef\xbb\xbf  " + json.dumps(RECORDS, ensure_ascii=False).encode(),
        "\n".join(json.dumps(record) for record in RECORDS).encode(),
        b"\xef\xbb\xbf" + "\r\n".join(json.dumps(record) for record in RECORDS).encode(),
    ],
    ids=["array", "array-with-bom", "lines", "lines-with-bom-and-crlf"],
)
def test_every_form_of_file_gives_the_same_records(tmp_path, content, compress):
    found = list(read_records(written(tmp_path, compress(content))))
    assert [record.value for record in found] == RECORDS
    assert [record.position for record in found] == [1, 2]


def test_an_empty_file_has_no_records(tmp_path):
    assert list(read_records(written(tmp_path, b""))) == []


def test_a_faulty_line_is_reported_and_the_others_are_read(tmp_path):
    file = written(tmp_path, b'{"a": 1}\n\n{"a": \n\xff\xfe\n{"a": 2}\n')
    found = list(read_records(file))
    assert [(record.position, record.value, record.fault) for record in found] == [
        (1, {"a": 1}, None),
        (3, None, "record not JSON"),
        (4, None, "record not UTF-8"),
        (5, {"a": 2}, None),
    ]
    assert found[1].raw == '{"a":'


def test_a_truncated_array_gives_the_records_before_the_break_and_one_fault(tmp_path):
    found = list(read_records(written(tmp_path, b'[{"a": 1}, {"a": 2}, {"a"')))
    assert [record.value for record in found] == [{"a": 1}, {"a": 2}, None]
    assert found[2].position == 3
    assert found[2].fault is not None
    assert found[2].fault.startswith("file unreadable from here")


def test_a_truncated_gzip_file_gives_the_records_before_the_break_and_one_fault(tmp_path):
    lines = b"".join(b'{"a": %d, "pad": "%d"}\n' % (n, n**9) for n in range(5_000))
    file = written(tmp_path, gzip.compress(lines)[:-2_000])
    found = list(read_records(file))
    assert found[0].value == {"a": 0, "pad": "0"}
    assert [record.fault is None for record in found].count(False) == 1
    assert found[-1].fault is not None
