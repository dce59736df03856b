"""Every target by name. The names are also the Dagster asset keys."""

from collections.abc import Callable

from mpp_stores.milvus.writer import MessageVectors, UserProfiles
from mpp_stores.mongo.writer import Conversations
from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.postgres.writer import CampaignPerformances, DailyActivity, UserEngagements
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Target

TARGETS: dict[str, Callable[[StoreSettings], Target]] = {
    "milvus/messages": MessageVectors,
    "milvus/user_profiles": UserProfiles,
    "neo4j/messages": MessageGraph,
    "neo4j/engaged_with": EngagedWithEdges,
    "mongo/conversations": Conversations,
    "postgres/user_engagement": UserEngagements,
    "postgres/campaign_performance": CampaignPerformances,
    "postgres/daily_activity": DailyActivity,
}


def open_target(name: str, settings: StoreSettings) -> Target:
    """Connect to the named target.

    Raises `KeyError` naming the known targets when `name` is not one of them.
    """
    try:
        target = TARGETS[name]
    except KeyError:
        raise KeyError(f"no target {name!r}; known targets: {', '.join(TARGETS)}") from None
    return target(settings)
