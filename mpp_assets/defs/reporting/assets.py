"""The analytics report that marketers read."""

import dagster as dg
import pyarrow as pa
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.campaigns.assets import described_campaigns
from mpp_assets.defs.conversations.assets import conversation_events, message_embeddings
from mpp_assets.defs.engagement.assets import (
    campaign_performance,
    daily_activity,
    user_engagement,
)
from mpp_assets.jobs.analytics_report import (
    REPORT_SECTIONS,
    ReportInput,
    build_report,
    write_report,
)
from mpp_assets.jobs.topics import message_topics
from mpp_assets.pool import POOL
from mpp_assets.resources import Platform
from mpp_assets.store_assets import (
    AFTER_UPSTREAM,
    FRESHNESS,
    OWNERS,
    RETRY,
    begin,
    column_metadata,
    complete,
)
from mpp_stores.postgres import materializations
from mpp_stores.reports import report_folder
from mpp_stores.target import Digest
from mpp_stores.targets import open_target

_TOPIC_SEED = 17


@dg.asset(
    key=["report", "analytics_report"],
    group_name="reporting",
    deps=[
        conversation_events,
        message_embeddings,
        user_engagement,
        campaign_performance,
        daily_activity,
    ],
    retry_policy=RETRY,
    kinds={"spark", "json", "html"},
    owners=OWNERS,
    pool=POOL,
    freshness_policy=FRESHNESS,
    automation_condition=AFTER_UPSTREAM,
    metadata=column_metadata(
        dg.TableColumn(name, type_, says) for name, (type_, says) in REPORT_SECTIONS.items()
    ),
)
def analytics_report(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Totals, campaigns, users, activity, engagement, topics and data quality, as JSON and HTML.

    People see it once a release names it."""
    settings, lake = platform.settings, platform.lake
    numbers = begin(context, platform)
    report = build_report(
        ReportInput(
            user_engagement=newest_table(platform, user_engagement),
            campaign_performance=newest_table(platform, campaign_performance),
            daily_activity=newest_table(platform, daily_activity),
            topics=message_topics(
                spark.spark_session,
                lake,
                topic_count=settings.topic_count,
                seed=_TOPIC_SEED,
            ),
            # Of the file: a change of it is published without a new report.
            campaign_names={
                campaign.campaign_id: campaign.name for campaign in described_campaigns(platform)
            },
            batches=lake.summaries(),
            data_through=lake.data_through(),
            dagster_run_id=context.run_id,
        )
    )
    [number] = numbers.values()
    files = write_report(report, report_folder(settings.reports, number))
    return complete(
        context,
        platform,
        numbers,
        {number: Digest(report["totals"]["message_count"], 0)},
        {
            "json": dg.MetadataValue.path(files.json),
            "html": dg.MetadataValue.path(files.html),
            "totals": dg.MetadataValue.json(report["totals"]),
        },
    )


def newest_table(platform: Platform, asset: dg.AssetsDefinition) -> pa.Table:
    """The newest rows of all partitions in Postgres, so that the report's figures are theirs."""
    name = asset.key.to_user_string()
    newest = materializations.latest(platform.settings, name).values()
    with open_target(name, platform.settings) as target:
        rows = target.read([each.materialization for each in newest])
        return pa.Table.from_batches(rows, schema=target.schema)
