"""Asking the API, Postgres, MongoDB and the lake for what a trace needs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from mpp_local.api_access import ApiAccess
from mpp_local.recommendations.client import MOST_ITEMS, recommendations
from mpp_local.traces.chain import LandedFiles, Trace, build_trace, cited_messages
from mpp_stores.lake import Lake
from mpp_stores.mongo.reader import DocumentReader
from mpp_stores.postgres.releases import contents, current_release, releases
from mpp_stores.records import ConversationDocument, Release
from mpp_stores.settings import StoreSettings

DOCUMENTS = "mongo/conversations"
MONGO_TIMEOUT_SECONDS = 30.0
OWN_MESSAGES_LOOKED_AT = 10_000
"""The user's newest ones, of any campaign."""
RELEASES_LOOKED_AT = 100


class NotRecommended(Exception):
    """The served release has no such recommendation. The message says what it has."""


def gather_trace(settings: StoreSettings, api: ApiAccess, user_id: str, campaign_id: str) -> Trace:
    """Raises `NotRecommended`, `NoRecommendations` or `StoreError`."""
    release_id, item = _recommended(api, user_id, campaign_id)
    release = _release(settings, release_id)
    held = contents(settings, release_id)
    numbers = [each.materialization for each in held if each.asset == DOCUMENTS]
    messages = asyncio.run(_messages(settings, user_id, campaign_id, cited_messages(item), numbers))
    return build_trace(
        user_id,
        item,
        release=release,
        contents=held,
        messages=messages,
        files=LandedFiles(settings.landing, settings.withdrawn),
        summary_of=Lake(settings.lake).summary,
    )


def _recommended(api: ApiAccess, user_id: str, campaign_id: str) -> tuple[str, Mapping[str, Any]]:
    """The release's id and the API's item. Campaigns that the user knows are looked at last."""
    offered: list[str] = []
    release_id = ""
    for exclude_seen in (True, False):
        reply = recommendations(api, user_id, limit=MOST_ITEMS, exclude_seen=exclude_seen).json()
        release_id = reply["release"]["release_id"]
        for item in reply["items"]:
            if item["campaign_id"] == campaign_id:
                return release_id, item
            offered.append(item["campaign_id"])
    raise NotRecommended(
        f"release {release_id} recommends no campaign {campaign_id!r} to user {user_id!r}; "
        f"it recommends {', '.join(dict.fromkeys(offered)) or 'nothing'}"
    )


def _release(settings: StoreSettings, release_id: str) -> Release:
    """The one that the API served: nearly always the current one, at the latest a moment ago."""
    current = current_release(settings)
    for release in [*([current] if current else []), *releases(settings, RELEASES_LOOKED_AT)]:
        if release.release_id == release_id:
            return release
    raise NotRecommended(f"the API served release {release_id}, which Postgres does not know")


async def _messages(
    settings: StoreSettings,
    user_id: str,
    campaign_id: str,
    cited: Sequence[str],
    numbers: Sequence[int],
) -> list[ConversationDocument]:
    """The cited messages in the explanation's order, then the user's own, newest first."""
    reader = DocumentReader(settings, timeout_seconds=MONGO_TIMEOUT_SECONDS)
    try:
        found = await reader.messages(cited, materializations=numbers)
        own = await reader.timeline(user_id, OWN_MESSAGES_LOOKED_AT, materializations=numbers)
    finally:
        await reader.close()
    return [
        *found,
        *(m for m in own if m.campaign_id == campaign_id and m.message_id not in cited),
    ]
