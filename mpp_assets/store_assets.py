"""What the assets that fill a store have in common: metadata, one write, its result."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from mpp_assets.jobs.store_sink import replace_rows
from mpp_assets.resources import Platform
from mpp_stores.errors import StoreRejected

OWNERS = ["team:marketing-data"]
# A store can be away for a moment, and a try replaces whatever an earlier one wrote.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def table_metadata(schema: pa.Schema) -> Mapping[str, Any]:
    """Definition metadata that makes the Dagster UI show the columns."""
    return column_metadata({field.name: str(field.type) for field in schema})


def column_metadata(types: Mapping[str, str]) -> Mapping[str, Any]:
    """The same, for what has no Arrow schema: type by column."""
    columns = [dg.TableColumn(name=name, type=type_) for name, type_ in types.items()]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def count_rows_by_day(context: dg.AssetExecutionContext, rows: DataFrame) -> int:
    """Give every day of the run its row count in the UI. Returns their sum.

    Dagster would otherwise show the figures of the whole range on each of its days.
    """
    counted = rows.groupBy("event_day").agg(f.count("*").alias("rows")).collect()
    by_day = {row["event_day"].isoformat(): row["rows"] for row in counted}
    for day in context.partition_keys:
        context.add_asset_metadata(
            {"dagster/partition_row_count": by_day.get(day, 0)}, partition_key=day
        )
    return sum(by_day.values())


def replace_target(
    context: dg.AssetExecutionContext,
    platform: Platform,
    rows: DataFrame,
    days: Sequence[date] | None = None,
) -> dg.MaterializeResult:
    """Write `rows` to the target named like the asset, stamped with the run.

    Fails when the target does not then hold exactly the rows written: another
    writer interfered, or two rows had one identity.
    """
    target_name = context.asset_key.to_user_string()
    try:
        summary = replace_rows(rows, target_name, platform.settings, context.run_id, days)
    except StoreRejected as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if summary.row_count != summary.written:
        raise dg.Failure(
            f"{target_name} holds {summary.row_count} rows after {summary.written} were written",
            allow_retries=True,
        )
    figures = {"written": summary.written, "swept": summary.swept}
    if days is None:
        figures["dagster/row_count"] = summary.row_count
    else:
        figures["rows"] = count_rows_by_day(context, rows)
    return dg.MaterializeResult(metadata=figures)
