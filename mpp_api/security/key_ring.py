"""The keys that count now."""

import logging
from dataclasses import dataclass
from pathlib import Path

from mpp_stores import api_keys
from mpp_stores.api_keys import ApiKey, Role

logger = logging.getLogger(__name__)

_NOBODY, _ = api_keys.issue("nobody", Role.READ)
"""Compared with where no key has the id, so that this takes as long as a wrong secret."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is."""

    key_id: str
    role: Role


class KeyRing:
    """Reads the file again when it has changed: a revoked key ends with the next request.

    Looking costs a `stat` a request, about two microseconds. Its ctime tells of a repaired
    owner or mode too, where its mtime does not. A file that cannot be understood has no
    keys, which is noticed, where going on with the former ones would keep a revoked key
    alive unnoticed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._trouble: str | None = None
        self._keys: dict[str, ApiKey] = {}

    def caller(self, key: str) -> Caller | None:
        """None for a malformed, unknown or revoked key and for a wrong secret alike."""
        self._look()
        key_id, secret = api_keys.split(key) or ("", "")
        record = self._keys.get(key_id)
        if not (record or _NOBODY).has_secret(secret) or record is None:
            return None
        return Caller(record.key_id, record.role)

    def _look(self) -> None:
        version: tuple[int, int, int] | None = self._version_on_disk()
        if version == self._version:
            return
        records, trouble = list[ApiKey](), None
        try:
            records = api_keys.load(self._path)
        except api_keys.InvalidKeyFile as error:
            trouble = str(error)
        except OSError as error:
            # The next request tries again: the cause may be in this process, not in the file.
            trouble, version = str(error), None
        if trouble and trouble != self._trouble:
            logger.error("no API key is accepted until this is repaired: %s", trouble)
        self._keys = {record.key_id: record for record in records if record.revoked_at is None}
        self._version, self._trouble = version, trouble

    def _version_on_disk(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_ctime_ns, status.st_ino, status.st_size)
