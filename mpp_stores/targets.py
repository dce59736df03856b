"""Every target by name. The names are also the Dagster asset keys."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Final, cast

from mpp_stores.settings import StoreSettings
from mpp_stores.target import SharingTarget, Target

# By the name of its class: what opens one store imports that store's driver only.
TARGETS: Final = {
    "milvus/messages": "mpp_stores.milvus.writer:MessageVectors",
    "milvus/user_profiles": "mpp_stores.milvus.writer:UserProfiles",
    "milvus/campaign_profiles": "mpp_stores.milvus.writer:CampaignProfiles",
    "neo4j/messages": "mpp_stores.neo4j.writer:MessageGraph",
    "neo4j/engaged_with": "mpp_stores.neo4j.writer:EngagedWithEdges",
    "mongo/conversations": "mpp_stores.mongo.writer:Conversations",
    "postgres/user_engagement": "mpp_stores.postgres.writer:UserEngagements",
    "postgres/campaign_performance": "mpp_stores.postgres.writer:CampaignPerformances",
    "postgres/daily_activity": "mpp_stores.postgres.writer:DailyActivity",
    "postgres/campaigns": "mpp_stores.postgres.writer:Campaigns",
}


def open_target(name: str, settings: StoreSettings) -> Target:
    """Connect to the named target.

    Raises `KeyError` naming the known targets when `name` is not one of them.
    """
    try:
        target: Callable[[StoreSettings], Target] = resolve_name(TARGETS[name])
    except KeyError:
        raise KeyError(f"no target {name!r}; known targets: {', '.join(TARGETS)}") from None
    return target(settings)


def open_sharing_target(name: str, settings: StoreSettings) -> SharingTarget:
    """`open_target`, of one that is a `SharingTarget`: neo4j/engaged_with."""
    return cast(SharingTarget, open_target(name, settings))
