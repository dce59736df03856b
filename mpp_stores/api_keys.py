"""Who may call the API: a file of key records that holds no secret.

A key, as its owner gets it once, and the record that is kept of it:

    mpp_<key id>_<secret>
    {"key_id": "9f86d081884c7d65", "name": "explorer", "role": "read",
     "secret_sha256": "<64 hexadecimal digits>", "created_at": "2026-11-24T06:12:32Z",
     "revoked_at": null}

A secret has 256 random bits: a plain SHA-256 of it cannot be searched, which a slow
password hash is for, and checking one costs microseconds on every request.
"""

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from mpp_stores.whole_file import replacing

FILE_NAME: Final = "api-keys.json"
MAX_NAME_CHARACTERS: Final = 64
_KEY_ID_BYTES = 8
_SECRET_BYTES = 32
_KEY: Final = re.compile(r"mpp_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", re.ASCII)


class Role(StrEnum):
    """Each includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        roles = list(Role)
        return roles.index(self) >= roles.index(other)


class ApiKey(BaseModel):
    """What is kept of a key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    name: str = Field(min_length=1, max_length=MAX_NAME_CHARACTERS)
    role: Role
    secret_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    created_at: datetime
    revoked_at: datetime | None = None

    def has_secret(self, secret: str) -> bool:
        """In a time that does not depend on where a wrong secret differs."""
        return hmac.compare_digest(_digest(secret), self.secret_sha256)


class InvalidKeyFile(Exception):
    """The file is not a list of key records. The message names it and what is wrong."""


class UnknownKey(Exception):
    """No key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no key has the id {key_id!r}: `mpp keys list` shows them")


_RECORDS: Final = TypeAdapter(list[ApiKey])


def issue(name: str, role: Role) -> tuple[ApiKey, SecretStr]:
    """A new key's record, and the key itself. Nothing is stored."""
    key_id, secret = secrets.token_hex(_KEY_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    record = ApiKey(
        key_id=key_id,
        name=name,
        role=role,
        secret_sha256=_digest(secret),
        created_at=datetime.now(UTC),
    )
    return record, SecretStr(f"mpp_{key_id}_{secret}")


def split(key: str) -> tuple[str, str] | None:
    """The id and the secret; None for anything that is not shaped like a key."""
    found = _KEY.fullmatch(key)
    return (found[1], found[2]) if found else None


def load(path: Path) -> list[ApiKey]:
    """Every record, revoked ones too; none where there is no file. Raises `InvalidKeyFile`."""
    try:
        return _RECORDS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in found["loc"])
        raise InvalidKeyFile(f"{path}: {where + ': ' if where else ''}{found['msg']}") from None


def add(path: Path, *records: ApiKey) -> None:
    """Keep records. Raises `InvalidKeyFile`."""
    with _locked(path):
        _write(path, [*load(path), *records])


def revoke(path: Path, key_id: str) -> ApiKey:
    """End a key. Its record stays, for whoever reads the audit log. Revoked again: unchanged.

    Raises `UnknownKey` or `InvalidKeyFile`.
    """
    with _locked(path):
        records = {record.key_id: record for record in load(path)}
        if key_id not in records:
            raise UnknownKey(key_id)
        if records[key_id].revoked_at is None:
            revoked = records[key_id].model_copy(update={"revoked_at": datetime.now(UTC)})
            records[key_id] = revoked
            _write(path, list(records.values()))
        return records[key_id]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep two commands from losing each other's change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _write(path: Path, records: Sequence[ApiKey]) -> None:
    """A new file is readable by its owner only. One that is replaced keeps its owner and mode:
    whoever revokes a key, be it root, does not shut out the service that reads the others."""
    with replacing(path) as file:
        file.write(_RECORDS.dump_json(list(records), indent=2))
        if path.exists():
            replaced = path.stat()
            os.fchown(file.fileno(), replaced.st_uid, replaced.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(replaced.st_mode))
