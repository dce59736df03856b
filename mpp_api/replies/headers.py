"""What the header of a reply that may be kept says of it."""

from typing import Any, Final

from mpp_api.replies.cache import Answer

CACHE_HEADERS: Final[dict[str, Any]] = {
    "X-Cache": {
        "description": "hit: from Redis; miss: computed; bypass: computed without the cache.",
        "schema": {"type": "string", "enum": ["hit", "miss", "bypass"]},
    },
}
"""For OpenAPI."""


def cache_headers(answer: Answer) -> dict[str, str]:
    return {"X-Cache": str(answer.outcome)}
