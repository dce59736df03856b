"""What is stored in Redis, and under which names.

A stored reply, and the token of the subject (the user) that it is about:

    mpp:v3:recommendations:<release id>:<sha256 of the inputs>
        -> {"token": "…", "campaign_ids": ["…"], "strategy": "hybrid", "first_rank": 1},
           a newline, the body's bytes
    mpp:v3:subject:<sha256 of the subject>
        -> the token, random

The release id is in the key, so publishing a release leaves the replies of the one before
unread; they expire by themselves. Raise the version when the bytes change their meaning.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

KEY_PREFIX: Final = "mpp"
KEY_VERSION: Final = "v3"


def reply_key(noun: str, release_id: str, inputs: Mapping[str, Any]) -> str:
    """The key of a reply; `inputs` must hold everything else that the reply depends on."""
    canonical = json.dumps(dict(inputs), sort_keys=True, separators=(",", ":"))
    return f"{KEY_PREFIX}:{KEY_VERSION}:{noun}:{release_id}:{_digest(canonical)}"


def subject_key(subject: str) -> str:
    return f"{KEY_PREFIX}:{KEY_VERSION}:subject:{_digest(subject)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
