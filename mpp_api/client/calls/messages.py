from datetime import datetime

from mpp_api.client.call import Call, get, path
from mpp_api.messages.schemas import LatestMessagesReply, MessageSearchReply, ProvenanceReply


def search_messages(
    q: str,
    *,
    campaign_id: str | None = None,
    user_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Call[MessageSearchReply]:
    """Messages near to `q` in meaning, sent from `since` on and before `until`; both need a
    time zone."""
    return get(
        "/messages/search",
        MessageSearchReply,
        q=q,
        campaign_id=campaign_id,
        user_id=user_id,
        since=since,
        until=until,
        limit=limit,
    )


def latest_messages(*, limit: int | None = None, cursor: str = "") -> Call[LatestMessagesReply]:
    """Newest first."""
    return get("/messages/latest", LatestMessagesReply, limit=limit, cursor=cursor)


def message_provenance(message_id: str) -> Call[ProvenanceReply]:
    """Which file it came in, and which runs brought it here."""
    return get(path("messages", message_id, "provenance"), ProvenanceReply)
