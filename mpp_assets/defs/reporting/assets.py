"""The analytics report that marketers read."""

import dagster as dg
import pyarrow as pa
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.conversations.assets import message_embeddings
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
from mpp_assets.jobs.embeddings import read_message_embeddings
from mpp_assets.jobs.topics import message_topics
from mpp_assets.resources import Platform
from mpp_assets.store_assets import OWNERS, column_metadata
from mpp_stores.targets import open_target

_TOPIC_SEED = 17


@dg.asset(
    key=["report", "analytics_report"],
    group_name="reporting",
    deps=[user_engagement, campaign_performance, daily_activity, message_embeddings],
    kinds={"spark", "json", "html"},
    owners=OWNERS,
    metadata=column_metadata(REPORT_SECTIONS),
)
def analytics_report(
    context: dg.AssetExecutionContext, platform: Platform, spark: LazyPySparkResource
) -> dg.MaterializeResult:
    """Totals, campaigns, users, activity, engagement, topics and data quality, as JSON and HTML."""
    settings, lake = platform.settings, platform.lake
    report = build_report(
        ReportInput(
            user_engagement=_table(platform, user_engagement),
            campaign_performance=_table(platform, campaign_performance),
            daily_activity=_table(platform, daily_activity),
            topics=message_topics(
                read_message_embeddings(spark.spark_session, lake),
                topic_count=settings.topic_count,
                seed=_TOPIC_SEED,
            ),
            batches=lake.summaries(),
            data_through=lake.data_through(),
            dagster_run_id=context.run_id,
        )
    )
    files = write_report(report, settings.reports)
    return dg.MaterializeResult(
        metadata={
            "json": dg.MetadataValue.path(files.json),
            "html": dg.MetadataValue.path(files.html),
            "totals": dg.MetadataValue.json(report["totals"]),
            "dagster/row_count": report["totals"]["message_count"],
        }
    )


def _table(platform: Platform, asset: dg.AssetsDefinition) -> pa.Table:
    """The whole table in Postgres, so that the report's figures are the tables'."""
    with open_target(asset.key.to_user_string(), platform.settings) as target:
        return pa.Table.from_batches(target.read(), schema=target.schema)
