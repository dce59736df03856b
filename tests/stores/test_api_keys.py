import os
import stat
from pathlib import Path

import pytest

from mpp_stores import api_keys
from mpp_stores.api_keys import InvalidKeyFile, Role, UnknownKey


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / api_keys.FILE_NAME


def test_a_kept_key_is_read_again_and_has_its_secret(path: Path) -> None:
    record, key = api_keys.issue("a job", Role.WRITE)
    api_keys.add(path, record)
    [found] = api_keys.load(path)
    key_id, secret = api_keys.split(key.get_secret_value()) or ("", "")
    assert found == record
    assert key_id == found.key_id
    assert found.has_secret(secret)
    assert not found.has_secret(secret[:-1])


def test_the_file_holds_no_secret_and_is_its_owners_alone(path: Path) -> None:
    record, key = api_keys.issue("a job", Role.READ)
    api_keys.add(path, record)
    _, secret = api_keys.split(key.get_secret_value()) or ("", "")
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [api_keys.FILE_NAME]


def test_a_file_that_is_replaced_keeps_its_owner_and_mode(path: Path) -> None:
    """Root can write for another user, here 10001; everybody else writes for himself."""
    record, _ = api_keys.issue("a job", Role.READ)
    api_keys.add(path, record)
    if os.geteuid() == 0:
        os.chown(path, 10001, 10001)
    path.chmod(0o640)
    before = path.stat()
    api_keys.revoke(path, record.key_id)
    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_no_two_keys_are_alike() -> None:
    issued = [api_keys.issue("same", Role.READ) for _ in range(100)]
    assert len({record.key_id for record, _ in issued}) == 100
    assert len({record.secret_sha256 for record, _ in issued}) == 100


def test_a_key_is_not_shown_when_it_is_printed() -> None:
    _, key = api_keys.issue("a job", Role.READ)
    assert key.get_secret_value() not in f"{key} {key!r}"


def test_a_revoked_key_stays_on_record(path: Path) -> None:
    kept, ended = (api_keys.issue(name, Role.READ)[0] for name in ("kept", "ended"))
    api_keys.add(path, kept, ended)
    revoked = api_keys.revoke(path, ended.key_id)
    assert revoked.revoked_at is not None
    assert api_keys.load(path) == [kept, revoked]
    assert api_keys.revoke(path, ended.key_id) == revoked


def test_an_unknown_key_cannot_be_revoked(path: Path) -> None:
    with pytest.raises(UnknownKey, match="no key has the id"):
        api_keys.revoke(path, "0" * 16)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mpp__",
        f"mpp_{'g' * 16}_{'a' * 43}",
        f"mpp_{'a' * 16}_{'a' * 42}",
        f"mpp_{'a' * 16}_{'a' * 43}\n",
        f"mpp_{'a' * 16}_{'é' * 43}",
        f" mpp_{'a' * 16}_{'a' * 43}",
    ],
)
def test_what_is_not_shaped_like_a_key_is_none(text: str) -> None:
    assert api_keys.split(text) is None


@pytest.mark.parametrize("content", ["{", "[{}]", '{"key_id": "x"}'])
def test_a_broken_file_is_named_with_what_is_wrong(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(InvalidKeyFile, match=api_keys.FILE_NAME):
        api_keys.load(path)


@pytest.mark.parametrize(
    ("role", "included"),
    [
        (Role.READ, {"read"}),
        (Role.WRITE, {"read", "write"}),
        (Role.ADMIN, {"read", "write", "admin"}),
    ],
)
def test_a_role_includes_the_smaller_ones(role: Role, included: set[str]) -> None:
    assert {other for other in Role if role.includes(other)} == included
