"""The two clients: the same methods, called of one and awaited of the other.

A module per subject has the requests, the methods of `Client` and those of `AsyncClient`.
"""

from mpp_api.client.campaigns import AsyncCampaignMethods, CampaignMethods
from mpp_api.client.messages import AsyncMessageMethods, MessageMethods
from mpp_api.client.operation import AsyncOperationMethods, OperationMethods
from mpp_api.client.recommendations import (
    AsyncRecommendationMethods,
    RecommendationMethods,
)
from mpp_api.client.users import AsyncUserMethods, UserMethods
from mpp_api.client.writing import AsyncWritingMethods, WritingMethods


class Client(
    RecommendationMethods,
    UserMethods,
    CampaignMethods,
    MessageMethods,
    OperationMethods,
    WritingMethods,
):
    """All that can be asked of the service. Use it as a context manager, or `close` it."""


class AsyncClient(
    AsyncRecommendationMethods,
    AsyncUserMethods,
    AsyncCampaignMethods,
    AsyncMessageMethods,
    AsyncOperationMethods,
    AsyncWritingMethods,
):
    """The same for asyncio. Use it as an async context manager, or `await close()`."""
