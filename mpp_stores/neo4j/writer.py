"""The two Neo4j targets: messages with their users and campaigns, and aggregated edges."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count
from operator import itemgetter
from typing import Any, ClassVar, LiteralString, Self

import neo4j
import pyarrow as pa
from neo4j.exceptions import Neo4jError

from mpp_stores.errors import StoreRejected
from mpp_stores.neo4j import queries
from mpp_stores.neo4j.connection import STORE, connect, lost_race, neo4j_errors
from mpp_stores.records import ENGAGED_WITH_SCHEMA, MESSAGE_SCHEMA
from mpp_stores.settings import StoreSettings

TRANSACTION_ROWS = 1_000
READ_BATCH_ROWS = 10_000
RACE_ATTEMPTS = 10
"""Each lost race leaves the contested node in place, so the next attempt finds it."""

_UTC_WITHOUT_ZONE = pa.timestamp("us")


class GraphTarget:
    """What both targets share: opening it connects, `TRANSACTION_ROWS` rows are a transaction.

    Several processes may write the same users and campaigns at once. The driver
    repeats a transaction that lost a write conflict for up to 30 s, and this class
    one that lost a race to create a node.
    """

    name: ClassVar[str]
    schema: ClassVar[pa.Schema]
    _merge: ClassVar[tuple[LiteralString, ...]]

    def __init__(self, settings: StoreSettings) -> None:
        self._database = settings.neo4j_database
        self._driver = connect(settings)

    def prepare(self) -> None:
        with neo4j_errors("create constraints and indexes"):
            for statement in queries.SCHEMA:
                self._commit(statement)

    def write(self, batch: pa.RecordBatch, stamp: str) -> int:
        with neo4j_errors(f"write {batch.num_rows} rows to {self.name}"):
            rows = _without_zones(batch.select(self.schema.names)).to_pylist()
            # Concurrent writers that lock campaigns in the same order rarely deadlock.
            rows.sort(key=itemgetter("campaign_id", "user_id"))
            for start in range(0, len(rows), TRANSACTION_ROWS):
                self._commit(*self._merge, rows=rows[start : start + TRANSACTION_ROWS], stamp=stamp)
        return batch.num_rows

    def _commit(self, *statements: LiteralString, **parameters: Any) -> list[neo4j.Record]:
        """Run the statements in one transaction. Returns the last one's records."""

        def run_all(transaction: neo4j.ManagedTransaction) -> list[neo4j.Record]:
            return [list(transaction.run(text, parameters)) for text in statements][-1]

        with self._driver.session(database=self._database) as session:
            for attempt in count(1):
                try:
                    return session.execute_write(run_all)
                except Neo4jError as error:
                    if attempt == RACE_ATTEMPTS or not lost_race(error):
                        raise
        raise AssertionError("the loop above returns or raises")

    def _count(self, statement: LiteralString, **parameters: Any) -> int:
        with neo4j_errors(f"count {self.name}"):
            (record,) = self._commit(statement, **parameters)
            return int(record["row_count"])

    def _delete(self, statement: LiteralString, **parameters: Any) -> int:
        """Repeat a deleting statement, a transaction each time, until nothing is left."""
        deleted = 0
        while True:
            (record,) = self._commit(statement, limit=TRANSACTION_ROWS, **parameters)
            deleted += int(record["deleted"])
            if record["deleted"] < TRANSACTION_ROWS:
                return deleted

    def _delete_orphans(self) -> None:
        self._delete(queries.DELETE_ORPHAN_USERS)
        self._delete(queries.DELETE_ORPHAN_CAMPAIGNS)

    def _read(self, statement: LiteralString, **parameters: Any) -> Iterator[pa.RecordBatch]:
        with (
            neo4j_errors(f"read {self.name}"),
            self._driver.session(database=self._database) as session,
        ):
            result = session.run(statement, parameters)
            while records := result.fetch(READ_BATCH_ROWS):
                columns = [
                    pa.array([_native(record[field.name]) for record in records]).cast(field.type)
                    for field in self.schema
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._driver.close()


class MessageGraph(GraphTarget):
    """(:User)-[:SENT]->(:Message)-[:IN]->(:Campaign); a row is a message.

    A message written again under another user or campaign loses its former relation.
    `sweep` also removes users and campaigns that nothing names any more.
    """

    name = "neo4j/messages"
    schema = MESSAGE_SCHEMA
    _merge = (
        queries.UNLINK_FORMER_USERS,
        queries.UNLINK_FORMER_CAMPAIGNS,
        queries.MERGE_MESSAGES,
    )

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        with neo4j_errors(f"sweep {self.name}"):
            deleted = self._delete(
                queries.DELETE_MESSAGES_OF_OTHER_STAMPS, stamp=stamp, days=self._days(days)
            )
            self._delete_orphans()
        return deleted

    def count(self, days: Sequence[date] | None = None) -> int:
        return self._count(queries.COUNT_MESSAGES, days=self._days(days))

    def read(self, days: Sequence[date] | None = None) -> Iterator[pa.RecordBatch]:
        return self._read(queries.READ_MESSAGES, days=self._days(days))

    def _days(self, days: Sequence[date] | None) -> list[date]:
        """The given days, or all that have messages: either way the day index does the work."""
        if days is not None:
            return list(days)
        with neo4j_errors(f"list the days of {self.name}"):
            return [
                record["event_day"].to_native() for record in self._commit(queries.MESSAGE_DAYS)
            ]


class EngagedWithEdges(GraphTarget):
    """(:User)-[:ENGAGED_WITH]->(:Campaign); a row is an edge over the whole history.

    An edge spans days, so a selection of days is refused. `sweep` also removes
    users and campaigns that nothing names any more.
    """

    name = "neo4j/engaged_with"
    schema = ENGAGED_WITH_SCHEMA
    _merge = (queries.MERGE_ENGAGED_WITH,)

    def sweep(self, stamp: str, days: Sequence[date] | None) -> int:
        self._refuse(days)
        with neo4j_errors(f"sweep {self.name}"):
            deleted = self._delete(queries.DELETE_ENGAGED_WITH_OF_OTHER_STAMPS, stamp=stamp)
            self._delete_orphans()
        return deleted

    def count(self, days: Sequence[date] | None = None) -> int:
        self._refuse(days)
        return self._count(queries.COUNT_ENGAGED_WITH)

    def read(self, days: Sequence[date] | None = None) -> Iterator[pa.RecordBatch]:
        self._refuse(days)
        return self._read(queries.READ_ENGAGED_WITH)

    def _refuse(self, days: Sequence[date] | None) -> None:
        if days is not None:
            raise StoreRejected(
                STORE, f"select days of {self.name}", "an edge spans days, pass days=None"
            )


def _without_zones(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch.cast(
        pa.schema(
            [
                field.with_type(_UTC_WITHOUT_ZONE) if pa.types.is_timestamp(field.type) else field
                for field in batch.schema
            ]
        )
    )


def _native(value: Any) -> Any:
    return value.to_native() if isinstance(value, (neo4j.time.DateTime, neo4j.time.Date)) else value
