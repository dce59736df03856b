"""A typed client of the API, for use with and without asyncio.

    with Client("http://127.0.0.1:8000", key) as client:
        for item in client.recommendations("u042").body.items:
            print(item.campaign.name, item.score)

It needs httpx and pydantic, not what the service runs on. See docs/client.md.
"""

from mpp_api.client.call import Answer
from mpp_api.client.clients import AsyncClient, Client
from mpp_api.client.errors import (
    ApiFailure,
    Conflict,
    InvalidInput,
    NoAnswer,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    ProblemAnswer,
    ServiceFailure,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
)
from mpp_api.client.retries import NO_RETRIES, Retries
from mpp_api.feedback.schemas import FeedbackRequest

__all__ = [
    "NO_RETRIES",
    "Answer",
    "ApiFailure",
    "AsyncClient",
    "Client",
    "Conflict",
    "FeedbackRequest",
    "InvalidInput",
    "NoAnswer",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "ProblemAnswer",
    "Retries",
    "ServiceFailure",
    "TooManyRequests",
    "Unavailable",
    "UnexpectedAnswer",
]
