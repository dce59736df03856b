"""A reply as Redis holds it: a line about it, then the bytes that are sent."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class StoredReply:
    """`body` is sent as it is; what it recommends is beside it, to be read without parsing it.

    `token` is the subject's when the reply began to be computed; empty without a subject.
    """

    body: bytes
    campaign_ids: tuple[str, ...] = ()
    strategy: str = ""
    first_rank: int = 1
    token: str = ""

    def to_bytes(self) -> bytes:
        head = {
            "token": self.token,
            "campaign_ids": self.campaign_ids,
            "strategy": self.strategy,
            "first_rank": self.first_rank,
        }
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def from_bytes(cls, value: bytes) -> Self:
        """Raises `ValueError` or `KeyError` for what `to_bytes` did not write."""
        head, _, body = value.partition(b"\n")
        about = json.loads(head)
        return cls(
            body,
            tuple(about["campaign_ids"]),
            about["strategy"],
            about["first_rank"],
            about["token"],
        )
