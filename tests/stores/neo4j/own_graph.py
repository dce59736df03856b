"""A corner of the stack's graph: ids and materializations of its own, batches, and a look.

Neo4j's community edition and the local stack have one database, so the tests share it
with everything else: they look only at nodes whose id starts with their prefix.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

import neo4j
import pyarrow as pa

from mpp_stores.records import ENGAGED_WITH_SCHEMA, MESSAGE_SCHEMA
from mpp_stores.target import MATERIALIZATION

FIRST_DAY = date(1999, 5, 1)
SECOND_DAY = date(1999, 5, 2)
FIRST_AT = datetime(1999, 5, 1, 8, 30, 0, 123457, tzinfo=UTC)
LAST_AT = datetime(1999, 5, 2, 23, 59, 59, 999999, tzinfo=UTC)

HOSTILE_IDS = [
    "o'brien",
    'say "hi"',
    "back\\slash \\' \\u0027",
    "{$gt: ''}",
    "x'}) DETACH DELETE n //",
    "$user_id",
    "`backticks`",
    "emoji 🎯 and ümlaut",
    "line\nbreak",
]


class OwnGraph:
    """`first`, `second` and `third` are materializations that nobody else writes."""

    def __init__(self, driver: neo4j.Driver, database: str, prefix: str) -> None:
        self.prefix = prefix
        self.first = secrets.randbelow(2**62)
        self.second = self.first + 1
        self.third = self.first + 2
        self._driver = driver
        self._database = database

    def id(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def message_batch(
        self, *rows: tuple[str, str, str, date], materialization: int | None = None
    ) -> pa.RecordBatch:
        """A batch of (message, user, campaign, day), sent at an odd microsecond; of `first`
        unless told."""
        return self._batch(
            MESSAGE_SCHEMA,
            (
                {
                    "message_id": self.id(message),
                    "user_id": self.id(user),
                    "campaign_id": self.id(campaign),
                    "text": f"text of {message}",
                    "sent_at": datetime.combine(day, time(8, 30, 0, 123457), UTC),
                    "event_day": day,
                }
                for message, user, campaign, day in rows
            ),
            materialization,
        )

    def edge_batch(
        self, *rows: tuple[str, str], messages: int = 3, materialization: int | None = None
    ) -> pa.RecordBatch:
        """A batch of (user, campaign); of `first` unless told."""
        return self._batch(
            ENGAGED_WITH_SCHEMA,
            (
                {
                    "user_id": self.id(user),
                    "campaign_id": self.id(campaign),
                    "message_count": messages,
                    "active_days": 2,
                    "first_at": FIRST_AT,
                    "last_at": LAST_AT,
                }
                for user, campaign in rows
            ),
            materialization,
        )

    def _batch(
        self, schema: pa.Schema, rows: Iterable[dict[str, Any]], materialization: int | None
    ) -> pa.RecordBatch:
        number = self.first if materialization is None else materialization
        return pa.RecordBatch.from_pylist(
            [{**row, MATERIALIZATION: number} for row in rows],
            schema=schema.append(pa.field(MATERIALIZATION, pa.int64())),
        )

    def messages(self) -> list[tuple[str, ...]]:
        """(user, message, campaign) of every path through our messages."""
        return self._query(
            """
            MATCH (user:User)-[:SENT]->(message:Message)-[:IN]->(campaign:Campaign)
            WHERE message.message_id STARTS WITH $prefix
            RETURN user.user_id, message.message_id, campaign.campaign_id
            """
        )

    def edges(self) -> list[tuple[str, ...]]:
        """(user, campaign) of every ENGAGED_WITH of our users."""
        return self._query(
            """
            MATCH (user:User)-[:ENGAGED_WITH]->(campaign:Campaign)
            WHERE user.user_id STARTS WITH $prefix
            RETURN user.user_id, campaign.campaign_id
            """
        )

    def users(self) -> list[tuple[str, ...]]:
        return self._query(
            "MATCH (node:User) WHERE node.user_id STARTS WITH $prefix RETURN node.user_id"
        )

    def campaigns(self) -> list[tuple[str, ...]]:
        return self._query(
            "MATCH (node:Campaign) WHERE node.campaign_id STARTS WITH $prefix"
            " RETURN node.campaign_id"
        )

    def add_user(self, name: str) -> None:
        """A user that nothing names."""
        self._records("CREATE (:User {user_id: $id})", id=self.id(name))

    def add_campaign(self, name: str) -> None:
        """A campaign that nothing names."""
        self._records("CREATE (:Campaign {campaign_id: $id})", id=self.id(name))

    def add_former_edge(self, user: str, campaign: str) -> None:
        """An ENGAGED_WITH as earlier versions wrote it."""
        self._records(
            """
            MERGE (user:User {user_id: $user_id})
            MERGE (campaign:Campaign {campaign_id: $campaign_id})
            CREATE (user)-[:ENGAGED_WITH {materialization: 1, message_count: 3}]->(campaign)
            """,
            user_id=self.id(user),
            campaign_id=self.id(campaign),
        )

    def cut_from_user(self, message: str) -> None:
        self._records(
            "MATCH (:Message {message_id: $id})<-[sent:SENT]-() DELETE sent", id=self.id(message)
        )

    def link_to_campaign(self, message: str, campaign: str) -> None:
        """A further IN of the message."""
        self._records(
            """
            MATCH (message:Message {message_id: $message_id})
            MATCH (campaign:Campaign {campaign_id: $campaign_id})
            CREATE (message)-[:IN]->(campaign)
            """,
            message_id=self.id(message),
            campaign_id=self.id(campaign),
        )

    def remove(self) -> None:
        for label, key in (
            ("Message", "message_id"),
            ("User", "user_id"),
            ("Campaign", "campaign_id"),
        ):
            self._records(
                f"MATCH (node:{label}) WHERE node.{key} STARTS WITH $prefix DETACH DELETE node"
            )

    def _query(self, text: str) -> list[tuple[str, ...]]:
        """Sorted records, ids without our prefix."""
        return sorted(
            tuple(value.removeprefix(self.prefix) for value in record)
            for record in self._records(text)
        )

    def _records(self, text: str, **parameters: Any) -> list[neo4j.Record]:
        return self._driver.execute_query(
            text, {"prefix": self.prefix, **parameters}, database_=self._database
        ).records
