"""Asking the API for recommendations."""

import httpx

from mpp_local.api_access import ApiAccess

API_TIMEOUT_SECONDS = 30.0
MOST_ITEMS = 50
"""The API's upper bound on `limit`."""


class NoRecommendations(Exception):
    """The API did not answer, or refused. The message says which and what to do."""


def recommendations(
    api: ApiAccess, user_id: str, *, limit: int, exclude_seen: bool = True
) -> httpx.Response:
    """The API's `RecommendationReply`. Raises `NoRecommendations`."""
    try:
        # By POST, because a path does not carry every user id.
        response = httpx.post(
            f"{api.url}/recommendations",
            headers=api.headers,
            json={"user_id": user_id, "limit": limit, "exclude_seen": exclude_seen},
            timeout=API_TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        raise NoRecommendations(
            f"The API does not answer at {api.url}: {error}\nStart the stack with `mpp up`."
        ) from error
    if response.is_error:
        raise NoRecommendations(f"The API answered {response.status_code}: {_problem(response)}")
    return response


def _problem(response: httpx.Response) -> str:
    """What a problem+json reply says, or whatever else stands in its place."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text
