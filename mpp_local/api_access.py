"""How the commands of one stack reach its API: the address, and a key made by `mpp up`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from mpp_local.stack import Stack
from mpp_stores import api_keys
from mpp_stores.api_keys import Role

KEY_HEADER = "X-API-Key"
LOCAL_KEY_NAME = "mpp up"
_PASSWORD_NAME = "api"  # noqa: S105 - where stack.json has the key


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """What a request to the API needs."""

    url: str
    key: str = field(repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """`MPP_API_URL` and `MPP_API_KEY` of a stack's environment."""
        return cls(environment["MPP_API_URL"], environment.get("MPP_API_KEY", ""))

    @property
    def headers(self) -> dict[str, str]:
        return {KEY_HEADER: self.key}


def keys_file(home: Path) -> Path:
    """Where the API that serves `home` looks for its callers' keys, as an absolute path."""
    return Path(os.environ.get("MPP_API_KEYS_FILE") or home / api_keys.FILE_NAME).absolute()


def local_key(stack: Stack) -> str | None:
    """The key that `mpp up` made; None before it started the API."""
    return stack.passwords.get(_PASSWORD_NAME)


def ensure_local_key(stack: Stack) -> None:
    """Give the stack an admin key, unless it has one that is valid.

    stack.json keeps the key itself, the keys' file only its hash. Raises `InvalidKeyFile`.
    """
    path = keys_file(stack.home)
    remembered = api_keys.split(local_key(stack) or "")
    valid = {record.key_id for record in api_keys.load(path) if record.revoked_at is None}
    if remembered and remembered[0] in valid:
        return
    record, key = api_keys.issue(LOCAL_KEY_NAME, Role.ADMIN)
    api_keys.add(path, record)
    stack.passwords[_PASSWORD_NAME] = key.get_secret_value()
    stack.save()
