"""Does the graph hold the lake's messages and engagements, and nothing loose?"""

from collections.abc import Sequence

import dagster as dg

from mpp_assets.asset_checks import holds_every, holds_every_message, result, store_check
from mpp_assets.defs.graph.assets import engaged_with, message_graph
from mpp_assets.resources import Platform

message_graph_holds_every_message = holds_every_message(message_graph)
engaged_with_holds_every_engagement = holds_every(
    engaged_with,
    "engagement",
    lambda events: events.select("user_id", "campaign_id").distinct(),
)


@store_check(asset=engaged_with, name="no_node_is_loose", blocking=True)
def no_node_is_loose(platform: Platform) -> dg.AssetCheckResult:
    """Has every message its user and campaign, and every user and campaign a message or an
    engagement? A loose message blocks. A user or campaign is warned of: nobody is served one,
    and an interrupted drop leaves some until the next release drops again."""
    # A driver that only this check needs.
    from mpp_stores.neo4j.writer import MessageGraph  # noqa: PLC0415

    with MessageGraph(platform.settings) as graph:
        loose = graph.orphans()
    return result({"loose": loose} if loose else {})._replace(severity=severity_of(loose))


def severity_of(loose: Sequence[str]) -> dg.AssetCheckSeverity:
    """ERROR where one is a message, labelled as `MessageGraph.orphans` does."""
    if any(label.startswith("message ") for label in loose):
        return dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckSeverity.WARN
