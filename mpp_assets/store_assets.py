"""What the assets that fill a store have in common: metadata, one write, its result."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa
from pyspark.sql import DataFrame

from mpp_assets.jobs.store_sink import replace_rows
from mpp_assets.resources import Platform

OWNERS = ["team:marketing-data"]
# What changes when data moves to a store is the store, so each try starts from its source.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def table_metadata(schema: pa.Schema) -> Mapping[str, Any]:
    """Definition metadata that makes the Dagster UI show the columns."""
    columns = [dg.TableColumn(name=field.name, type=str(field.type)) for field in schema]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


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
    summary = replace_rows(rows, target_name, platform.settings, context.run_id, days)
    if summary.row_count != summary.written:
        raise dg.Failure(
            f"{target_name} holds {summary.row_count} rows after {summary.written} were written",
            allow_retries=True,
        )
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count" if days else "dagster/row_count": summary.row_count,
            "written": summary.written,
            "swept": summary.swept,
        }
    )
