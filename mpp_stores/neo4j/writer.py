"""The two Neo4j targets: messages with their users and campaigns, and aggregated edges."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any, ClassVar, LiteralString, Self

import neo4j
import pyarrow as pa
from neo4j.exceptions import IncompleteCommit, Neo4jError

from mpp_stores.neo4j import queries
from mpp_stores.neo4j.connection import connect, lost_race, neo4j_errors
from mpp_stores.records import ENGAGED_WITH_SCHEMA, MESSAGE_SCHEMA
from mpp_stores.settings import StoreSettings
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION, Digest, identity_hash

TRANSACTION_ROWS = 1_000
READ_BATCH_ROWS = 10_000
ORPHAN_LIMIT = 100
ATTEMPTS = 10
"""Each lost race leaves the contested node in place, so the next attempt finds it."""

_UTC_WITHOUT_ZONE = pa.timestamp("us")


class GraphTarget:
    """What both targets share: opening it connects, `TRANSACTION_ROWS` rows are a transaction.

    Several processes may write the same users and campaigns at once, and drop others
    meanwhile: a user is written in one transaction with what names it, and orphans are
    found and deleted in one. The driver repeats a transaction that lost a write conflict
    for up to 30 s, and this class one that lost a race to create or delete a node, or the
    connection while it was committed.
    """

    name: ClassVar[str]
    schema: ClassVar[pa.Schema]
    key: ClassVar[tuple[str, ...]]
    one_writer: ClassVar[bool] = True
    _merge_rows: ClassVar[LiteralString]
    _digest_rows: ClassVar[LiteralString]
    _read_rows: ClassVar[LiteralString]
    _delete_rows: ClassVar[LiteralString]
    _count_rows_of_user: ClassVar[LiteralString]

    def __init__(self, settings: StoreSettings) -> None:
        self._database = settings.neo4j_database
        self._driver = connect(settings)

    def prepare(self) -> None:
        with neo4j_errors("create constraints and indexes"):
            for statement in queries.SCHEMA:
                self._commit(statement)

    def write(self, batch: pa.RecordBatch) -> int:
        with neo4j_errors(f"write {batch.num_rows} rows to {self.name}"):
            self._commit_rows(self._merge_rows, self._rows(batch))
        return batch.num_rows

    def digests(self, materializations: Sequence[int]) -> Mapping[int, Digest]:
        with neo4j_errors(f"compute the digests of {self.name}"):
            return {number: self._digest(number) for number in materializations}

    def read(self, materializations: Sequence[int]) -> Iterator[pa.RecordBatch]:
        with (
            neo4j_errors(f"read {self.name}"),
            self._driver.session(database=self._database) as session,
        ):
            for number in materializations:
                result = session.run(self._read_rows, {MATERIALIZATION: number})
                while records := result.fetch(READ_BATCH_ROWS):
                    yield self._batch(records)

    def drop(self, materializations: Sequence[int]) -> int:
        """Delete their rows, then users and campaigns that nothing names any more."""
        if not materializations:
            return 0
        with neo4j_errors(f"drop materializations of {self.name}"):
            deleted = sum(
                self._drop_rows(number) for number in sorted(materializations, reverse=True)
            )
            self._repeat(queries.DELETE_ORPHAN_USERS)
            self._repeat(queries.DELETE_ORPHAN_CAMPAIGNS)
        return deleted

    def rows_of_user(self, user_id: str) -> int:
        with neo4j_errors(f"count the rows of a user in {self.name}"):
            (record,) = self._commit(self._count_rows_of_user, user_id=user_id)
            return int(record["row_count"])

    def _rows(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        rows = _without_zones(batch.select([*self.schema.names, MATERIALIZATION])).to_pylist()
        for row in rows:
            row[IDENTITY_HASH] = identity_hash([row[column] for column in self.key])
        return rows

    def _digest(self, materialization: int) -> Digest:
        (record,) = self._commit(self._digest_rows, materialization=materialization)
        return Digest(record["row_count"], record["identity_hash"])

    def _batch(self, records: Sequence[neo4j.Record]) -> pa.RecordBatch:
        columns = [
            pa.array([_native(record[field.name]) for record in records]).cast(field.type)
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _commit_rows(self, statement: LiteralString, rows: list[dict[str, Any]]) -> None:
        # Concurrent writers that lock campaigns in the same order rarely deadlock.
        ordered = sorted(rows, key=itemgetter("campaign_id", "user_id"))
        for start in range(0, len(ordered), TRANSACTION_ROWS):
            self._commit(statement, rows=ordered[start : start + TRANSACTION_ROWS])

    def _drop_rows(self, materialization: int) -> int:
        return self._repeat(self._delete_rows, materialization=materialization)

    def _repeat(self, statement: LiteralString, **parameters: Any) -> int:
        """Repeat a statement that changes at most `$limit` rows, a transaction each time, until
        it finds no more. Those of a commit that nobody confirmed are not counted."""
        changed = 0
        while True:
            (record,) = self._commit(statement, limit=TRANSACTION_ROWS, **parameters)
            changed += int(record["changed"])
            if record["changed"] < TRANSACTION_ROWS:
                return changed

    def _commit(self, statement: LiteralString, **parameters: Any) -> list[neo4j.Record]:
        """Run the statement in a transaction of its own."""

        def run(transaction: neo4j.ManagedTransaction) -> list[neo4j.Record]:
            return list(transaction.run(statement, parameters))

        with self._driver.session(database=self._database) as session:
            for attempt in count(1):
                try:
                    return session.execute_write(run)
                except (Neo4jError, IncompleteCommit) as error:
                    is_unconfirmed = isinstance(error, IncompleteCommit)
                    if attempt == ATTEMPTS or not (is_unconfirmed or lost_race(error)):
                        raise
        raise AssertionError("the loop above returns or raises")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._driver.close()


class MessageGraph(GraphTarget):
    """(:User)-[:SENT]->(:Message)-[:IN]->(:Campaign); a row is a message.

    `rows_of_user` counts the user's node too, which may outlive its messages by its edges.
    """

    name = "neo4j/messages"
    schema = MESSAGE_SCHEMA
    key = ("message_id",)
    _merge_rows = queries.MERGE_MESSAGES
    _digest_rows = queries.DIGEST_OF_MESSAGES
    _read_rows = queries.READ_MESSAGES
    _delete_rows = queries.DELETE_MESSAGES
    _count_rows_of_user = queries.COUNT_USER_AND_MESSAGES

    def orphans(self) -> list[str]:
        """At most `ORPHAN_LIMIT` of: messages of any materialization without exactly one SENT
        and one IN, then users and campaigns that no message and no edge names.

        Labelled `user u-1`, `campaign spring`, `message 17/m-1`: 17 is the materialization.
        """
        with neo4j_errors("look for orphans"):
            found = [
                str(record["orphan"])
                for statement in queries.ORPHANS
                for record in self._commit(statement, limit=ORPHAN_LIMIT)
            ]
        return found[:ORPHAN_LIMIT]

    def _rows(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        rows = super()._rows(batch)
        for row in rows:
            row["row_id"] = f"{row[MATERIALIZATION]}/{row['message_id']}"
        return rows


class EngagedWithEdges(GraphTarget):
    """(:User)-[:ENGAGED_WITH]->(:Campaign); a row is an edge over the whole history.

    A `SharingTarget`: an edge belongs to every materialization from its `since` on and before
    its `until`.
    """

    name = "neo4j/engaged_with"
    schema = ENGAGED_WITH_SCHEMA
    key = ("user_id", "campaign_id")
    _merge_rows = queries.MERGE_ENGAGED_WITH
    _digest_rows = queries.DIGEST_OF_ENGAGED_WITH
    _read_rows = queries.READ_ENGAGED_WITH
    _delete_rows = queries.DELETE_ENGAGED_WITH
    _count_rows_of_user = queries.COUNT_ENGAGED_WITH_OF_USER

    def begin(self, materialization: int, *, anew: bool) -> None:
        with neo4j_errors(f"begin a materialization of {self.name}"):
            self._commit(queries.BEGIN_MATERIALIZATION, materialization=materialization)
            if anew:
                self._repeat(queries.DELETE_FORMER_ENGAGED_WITH)
                self._repeat(queries.END_EVERY_ENGAGED_WITH, materialization=materialization)

    def end(self, batch: pa.RecordBatch) -> int:
        with neo4j_errors(f"end {batch.num_rows} rows of {self.name}"):
            self._commit_rows(queries.END_ENGAGED_WITH, batch.to_pylist())
        return batch.num_rows

    def _drop_rows(self, materialization: int) -> int:
        """What the newest one ended goes on: it was never completed, or is taken back."""
        self._commit(queries.DELETE_MATERIALIZATION, materialization=materialization)
        others = [record["number"] for record in self._commit(queries.MATERIALIZATIONS)]
        dropped = self._repeat(self._delete_rows, materialization=materialization, others=others)
        if materialization > max(others, default=0):
            self._repeat(queries.REOPEN_ENGAGED_WITH, materialization=materialization)
        return dropped


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
