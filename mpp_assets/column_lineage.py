"""Which columns every column of every asset derives from.

Declared here, beside the computations of `mpp_assets.jobs`, because Spark does not say.
A column derives from the columns that its value is computed from. A count of rows derives
from what identifies a row: `message_id` where a row is a message. Columns that only
choose or group rows (a join, a day, the latest of several) are left out: nearly every
column would otherwise derive from nearly every other.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import dagster as dg

from mpp_stores.lake import CONVERSATION_EVENT_SCHEMA
from mpp_stores.records import (
    CAMPAIGN_PERFORMANCE_SCHEMA,
    CAMPAIGN_SCHEMA,
    DAILY_ACTIVITY_SCHEMA,
    MESSAGE_SCHEMA,
    MESSAGE_VECTOR_SCHEMA,
)


class Column(NamedTuple):
    """`asset` is an asset's key as text, or one of `SOURCES`."""

    asset: str
    name: str


LANDING_FILE = "landing file"
BATCH_SUMMARIES = "batch summaries"
CAMPAIGN_FILE = "campaign file"
# What assets read that is no asset: Dagster is not told of it, the lineage page shows it.
SOURCES: Mapping[str, Sequence[str]] = {
    LANDING_FILE: (
        "message_id",
        "user_id",
        "campaign",
        "message",
        "timestamp",
        "other fields",
        "file name",
        "position",
        "modification time",
    ),
    BATCH_SUMMARIES: (
        "batch",
        "read",
        "accepted",
        "rejected",
        "duplicates",
        "rejected_by_reason",
    ),
    CAMPAIGN_FILE: tuple(CAMPAIGN_SCHEMA.names),
}

_LANDED = "lake/landed_events"
_EVENTS = "lake/conversation_events"
_EMBEDDINGS = "lake/message_embeddings"
_ENGAGEMENT = "postgres/user_engagement"
_PERFORMANCE = "postgres/campaign_performance"
_ACTIVITY = "postgres/daily_activity"
_CAMPAIGNS = "postgres/campaigns"


def _of(asset: str, *names: str) -> list[Column]:
    return [Column(asset, name) for name in names]


def _same(asset: str, *names: str) -> dict[str, list[Column]]:
    """Columns taken over as they are, under the same name."""
    return {name: _of(asset, name) for name in names}


_ENGAGED_WITH = {
    **_same(_EVENTS, "user_id", "campaign_id"),
    "message_count": _of(_EVENTS, "message_id"),
    "active_days": _of(_EVENTS, "event_day"),
    "first_at": _of(_EVENTS, "sent_at"),
    "last_at": _of(_EVENTS, "sent_at"),
}
# message_count, active_days, and the age of last_at on the last event day.
_ENGAGEMENT_SCORE = _of(_EVENTS, "message_id", "event_day", "sent_at")

DERIVATIONS: Mapping[str, Mapping[str, Sequence[Column]]] = {
    _LANDED: {
        **_same(LANDING_FILE, "user_id", "position"),
        "message_id": _of(
            LANDING_FILE, "message_id", "user_id", "timestamp", "campaign", "message"
        ),
        "campaign_id": _of(LANDING_FILE, "campaign"),
        "text": _of(LANDING_FILE, "message"),
        "sent_at": _of(LANDING_FILE, "timestamp"),
        "event_day": _of(LANDING_FILE, "timestamp"),
        "batch": _of(LANDING_FILE, "file name"),
        "attributes": _of(LANDING_FILE, "other fields"),
        "landed_at": _of(LANDING_FILE, "modification time"),
    },
    _EVENTS: _same(_LANDED, *CONVERSATION_EVENT_SCHEMA.names),
    _EMBEDDINGS: {
        **_same(_EVENTS, *MESSAGE_SCHEMA.names),
        "embedding": _of(_EVENTS, "text"),
        "embedding_model": [],
    },
    "milvus/messages": _same(_EMBEDDINGS, *MESSAGE_VECTOR_SCHEMA.names),
    "milvus/user_profiles": {
        **_same(_EMBEDDINGS, "user_id", "embedding"),
        "message_count": _of(_EMBEDDINGS, "message_id"),
        "last_at": _of(_EMBEDDINGS, "sent_at"),
    },
    "milvus/campaign_profiles": {
        **_same(_EMBEDDINGS, "campaign_id", "embedding"),
        "message_count": _of(_EMBEDDINGS, "message_id"),
        "last_at": _of(_EMBEDDINGS, "sent_at"),
    },
    "neo4j/messages": _same(_EVENTS, *MESSAGE_SCHEMA.names),
    "neo4j/engaged_with": _ENGAGED_WITH,
    "mongo/conversations": _same(_EVENTS, *CONVERSATION_EVENT_SCHEMA.names),
    _ENGAGEMENT: {
        **_ENGAGED_WITH,
        "engagement_score": _ENGAGEMENT_SCORE,
        "engagement_level": _ENGAGEMENT_SCORE,
    },
    _PERFORMANCE: {
        **_same(_EVENTS, "campaign_id"),
        "message_count": _of(_EVENTS, "message_id"),
        "user_count": _of(_EVENTS, "user_id"),
        "active_days": _of(_EVENTS, "event_day"),
        "messages_per_user": _of(_EVENTS, "message_id", "user_id"),
        "returning_user_share": _of(_EVENTS, "user_id", "event_day"),
        "recent_message_count": _of(_EVENTS, "message_id", "event_day"),
        "first_at": _of(_EVENTS, "sent_at"),
        "last_at": _of(_EVENTS, "sent_at"),
        "performance_score": _of(_EVENTS, "message_id", "user_id", "event_day"),
    },
    _ACTIVITY: {
        **_same(_EVENTS, "event_day"),
        "message_count": _of(_EVENTS, "message_id"),
        "user_count": _of(_EVENTS, "user_id"),
        "campaign_count": _of(_EVENTS, "campaign_id"),
        "hourly_message_counts": _of(_EVENTS, "message_id", "sent_at"),
    },
    _CAMPAIGNS: _same(CAMPAIGN_FILE, *CAMPAIGN_SCHEMA.names),
    "report/analytics_report": {
        # The last event day of the lake, which is that of the newest daily activity.
        "data_through": _of(_EVENTS, "event_day"),
        "dagster_run_id": [],
        "totals": [
            *_of(_ACTIVITY, "message_count", "event_day"),
            *_of(_ENGAGEMENT, "user_id", "campaign_id"),
            *_of(_PERFORMANCE, "campaign_id"),
        ],
        "campaigns": [
            *_of(_PERFORMANCE, *CAMPAIGN_PERFORMANCE_SCHEMA.names),
            *_of(_ENGAGEMENT, "user_id", "engagement_level"),
            *_of(CAMPAIGN_FILE, "name"),
        ],
        "top_users": [
            *_of(
                _ENGAGEMENT,
                "user_id",
                "campaign_id",
                "message_count",
                "last_at",
                "engagement_score",
                "engagement_level",
            ),
            *_of(CAMPAIGN_FILE, "name"),
        ],
        "daily_activity": _of(_ACTIVITY, *DAILY_ACTIVITY_SCHEMA.names),
        "activity_profile": _of(_ACTIVITY, "event_day", "hourly_message_counts"),
        "engagement_levels": _of(
            _ENGAGEMENT, "user_id", "campaign_id", "message_count", "engagement_level"
        ),
        "topics": [
            *_of(_EMBEDDINGS, "message_id", "user_id", "campaign_id", "text", "embedding"),
            *_of(CAMPAIGN_FILE, "name"),
        ],
        "data_quality": _of(BATCH_SUMMARIES, *SOURCES[BATCH_SUMMARIES]),
    },
    "postgres/serving_release": {
        "release_id": [],
        "published_at": [],
        "dagster_run_id": [],
        "data_through": _of(_EVENTS, "event_day"),
        "row_counts": [
            *_of(BATCH_SUMMARIES, "accepted"),
            *_of(_EVENTS, "message_id"),
            *_of(_EMBEDDINGS, "message_id"),
            *_of("milvus/messages", "message_id"),
            *_of("milvus/user_profiles", "user_id"),
            *_of("milvus/campaign_profiles", "campaign_id"),
            *_of("neo4j/messages", "message_id"),
            *_of("neo4j/engaged_with", "user_id", "campaign_id"),
            *_of("mongo/conversations", "message_id"),
            *_of(_ENGAGEMENT, "user_id", "campaign_id"),
            *_of(_PERFORMANCE, "campaign_id"),
            *_of(_ACTIVITY, "event_day"),
            *_of(_CAMPAIGNS, "campaign_id"),
            *_of("report/analytics_report", "totals"),
        ],
        "quality": _of(BATCH_SUMMARIES, "read", "accepted", "rejected", "duplicates"),
        "ranking": [],
        "embedding_model": [],
        "predecessor": [],
        "is_kept": [],
    },
}


def column_lineage(asset_key: dg.AssetKey) -> dg.TableColumnLineage:
    """What Dagster shows under `dagster/column_lineage` of a materialization.

    Raises `KeyError` for an asset without a declaration.
    """
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(dg.AssetKey.from_user_string(origin.asset), origin.name)
                for origin in origins
                if origin.asset not in SOURCES
            ]
            for column, origins in DERIVATIONS[asset_key.to_user_string()].items()
        }
    )
