"""The three Postgres targets: one upsert, three tables."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar, Self

import pyarrow as pa
from psycopg.sql import SQL, Composable, Composed, Identifier

from mpp_stores.errors import StoreRejected
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import STORE, connect, postgres_errors
from mpp_stores.settings import StoreSettings

STAMP_COLUMN = "materialization"
READ_BATCH_ROWS = 10_000

_POSTGRES_TYPES = {
    pa.string(): "text",
    pa.int64(): "int8",
    pa.float64(): "float8",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamptz",
    pa.list_(pa.int64()): "int8[]",
}


class PostgresTarget:
    """A `Target` on one table. Opening it connects; each batch is one transaction.

    Only a table with a day column takes `days`; the others hold one row for the
    whole history, so a selection of days is refused there.
    """

    name: ClassVar[str]
    schema: ClassVar[pa.Schema]
    table: ClassVar[tables.Table]

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._schema_name = schema_name
        self._connection = connect(settings)

    def prepare(self) -> None:
        with postgres_errors(f"create the tables of schema {self._schema_name}"):
            tables.prepare(self._connection, self._schema_name)

    def write(self, batch: pa.RecordBatch, stamp: str) -> int:
        """Upsert the rows. A batch that names one identity twice is refused."""
        names = self.schema.names
        columns = _comma_separated([*names, STAMP_COLUMN])
        with postgres_errors(f"write {batch.num_rows} rows to {self.name}"):
            rows = batch.select(names).cast(self.schema)
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute(self._composed(tables.CREATE_INCOMING))
                with cursor.copy(tables.COPY_INCOMING.format(columns=columns)) as copy:
                    copy.set_types(
                        [_POSTGRES_TYPES[field.type] for field in self.schema] + ["text"]
                    )
                    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                        copy.write_row((*row, stamp))
                cursor.execute(
                    self._composed(
                        tables.UPSERT_INCOMING,
                        columns=columns,
                        key=_comma_separated(self.table.key),
                        assignments=SQL(", ").join(
                            SQL("{column} = excluded.{column}").format(column=Identifier(column))
                            for column in [*names, STAMP_COLUMN]
                            if column not in self.table.key
                        ),
                    )
                )
        return batch.num_rows

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        query = self._composed(tables.DELETE_OTHER_STAMPS, in_days=self._in_days(days))
        with postgres_errors(f"sweep {self.name}"):
            return self._connection.execute(query, {"stamp": stamp, "days": days}).rowcount

    def count(self, days: Sequence[date] | None = None) -> int:
        query = self._composed(tables.COUNT_ROWS, in_days=self._in_days(days))
        with postgres_errors(f"count {self.name}"):
            (count,) = self._connection.execute(query, {"days": days}).fetchone() or (0,)
        return int(count)

    def read(self, days: Sequence[date] | None = None) -> Iterator[pa.RecordBatch]:
        query = self._composed(
            tables.SELECT_ROWS,
            columns=_comma_separated(self.schema.names),
            in_days=self._in_days(days),
        )
        return self._batches(query, days)

    def _batches(self, query: Composed, days: Sequence[date] | None) -> Iterator[pa.RecordBatch]:
        with (
            postgres_errors(f"read {self.name}"),
            self._connection.transaction(),
            self._connection.cursor(name="read", binary=True) as cursor,
        ):
            cursor.execute(query, {"days": days})
            while rows := cursor.fetchmany(READ_BATCH_ROWS):
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), self.schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _composed(self, query: SQL, **parts: Composable) -> Composed:
        return query.format(table=Identifier(self._schema_name, self.table.name), **parts)

    def _in_days(self, days: Sequence[date] | None) -> Composable:
        if days is None:
            return SQL("")
        if self.table.day_column is None:
            raise StoreRejected(
                STORE, f"select days of {self.name}", "its rows span days, pass days=None"
            )
        return tables.IN_DAYS.format(day=Identifier(self.table.day_column))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()


class UserEngagements(PostgresTarget):
    name = "postgres/user_engagement"
    table = tables.USER_ENGAGEMENT
    schema = table.schema


class CampaignPerformances(PostgresTarget):
    name = "postgres/campaign_performance"
    table = tables.CAMPAIGN_PERFORMANCE
    schema = table.schema


class DailyActivity(PostgresTarget):
    """`days` are event days, the table's identity."""

    name = "postgres/daily_activity"
    table = tables.DAILY_ACTIVITY
    schema = table.schema


def _comma_separated(names: Sequence[str]) -> Composed:
    return SQL(", ").join(map(Identifier, names))
