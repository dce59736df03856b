"""The Postgres targets: one upsert, four tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Self

import pyarrow as pa
from psycopg.sql import SQL, Composable, Composed, Identifier

from mpp_stores.postgres import table_queries as queries
from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import connect, postgres_errors
from mpp_stores.settings import StoreSettings
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, NOTHING, Digest, identity_hash

READ_BATCH_ROWS = 10_000

_POSTGRES_TYPES = {
    pa.string(): "text",
    pa.int64(): "int8",
    pa.float64(): "float8",
    pa.bool_(): "bool",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamptz",
    pa.list_(pa.int64()): "int8[]",
    pa.list_(pa.string()): "text[]",
}


class PostgresTarget:
    """A `Target` on one table. Opening it connects; each batch is one transaction."""

    name: ClassVar[str]
    schema: ClassVar[pa.Schema]
    table: ClassVar[tables.Table]
    one_writer: ClassVar[bool] = False

    @property
    def key(self) -> tuple[str, ...]:
        return self.table.key

    def __init__(self, settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME) -> None:
        self._schema_name = schema_name
        self._connection = connect(settings)

    def prepare(self) -> None:
        with postgres_errors(f"create the tables of schema {self._schema_name}"):
            tables.prepare(self._connection, self._schema_name)

    def write(self, batch: pa.RecordBatch) -> int:
        """Upsert the rows. A batch that names one identity twice is refused."""
        names = [*self.schema.names, MATERIALIZATION]
        columns = [*names, IDENTITY_HASH]
        key = (MATERIALIZATION, *self.key)
        with postgres_errors(f"write {batch.num_rows} rows to {self.name}"):
            types = [_POSTGRES_TYPES[field.type] for field in self.schema] + ["int8", "int8"]
            rows = zip(
                *(column.to_pylist() for column in batch.select(names).columns),
                _identity_hashes(batch, self.key),
                strict=True,
            )
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute(self._composed(queries.CREATE_INCOMING))
                copying = queries.COPY_INCOMING.format(columns=_comma_separated(columns))
                with cursor.copy(copying) as copy:
                    copy.set_types(types)
                    for row in rows:
                        copy.write_row(row)
                cursor.execute(
                    self._composed(
                        queries.UPSERT_INCOMING,
                        columns=_comma_separated(columns),
                        key=_comma_separated(key),
                        assignments=SQL(", ").join(
                            SQL("{column} = excluded.{column}").format(column=Identifier(column))
                            for column in columns
                            if column not in key
                        ),
                    )
                )
        return batch.num_rows

    def digests(self, materializations: Sequence[int]) -> Mapping[int, Digest]:
        query = self._composed(queries.SELECT_DIGESTS)
        with postgres_errors(f"read the digests of {self.name}"):
            found = self._connection.execute(query, {"materializations": list(materializations)})
            digests = {number: Digest(rows, hashes) for number, rows, hashes in found}
        return {number: digests.get(number, NOTHING) for number in materializations}

    def read(self, materializations: Sequence[int]) -> Iterator[pa.RecordBatch]:
        query = self._composed(queries.SELECT_ROWS, columns=_comma_separated(self.schema.names))
        with (
            postgres_errors(f"read {self.name}"),
            self._connection.transaction(),
            self._connection.cursor(name="read", binary=True) as cursor,
        ):
            cursor.execute(query, {"materializations": list(materializations)})
            while rows := cursor.fetchmany(READ_BATCH_ROWS):
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*rows, strict=True), self.schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def drop(self, materializations: Sequence[int]) -> int:
        query = self._composed(queries.DELETE_ROWS)
        with postgres_errors(f"drop materializations of {self.name}"):
            values = {"materializations": list(materializations)}
            return self._connection.execute(query, values).rowcount

    def rows_of_user(self, user_id: str) -> int:
        if "user_id" not in self.schema.names:
            return 0
        query = self._composed(queries.COUNT_ROWS_OF_USER)
        with postgres_errors(f"count a user's rows of {self.name}"):
            [(count,)] = self._connection.execute(query, {"user_id": user_id}).fetchall()
            return int(count)

    def _composed(self, query: SQL, **parts: Composable) -> Composed:
        return query.format(table=Identifier(self._schema_name, self.table.name), **parts)

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
    name = "postgres/daily_activity"
    table = tables.DAILY_ACTIVITY
    schema = table.schema


class Campaigns(PostgresTarget):
    name = "postgres/campaigns"
    table = tables.CAMPAIGNS
    schema = table.schema


def _comma_separated(names: Sequence[str]) -> Composed:
    return SQL(", ").join(map(Identifier, names))


def _identity_hashes(batch: pa.RecordBatch, key: Sequence[str]) -> Iterator[int]:
    identities = zip(*(batch.column(name).to_pylist() for name in key), strict=True)
    return map(identity_hash, identities)
