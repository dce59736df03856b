"""A corner of the stack's graph: ids with a prefix of their own, batches of them, and a look.

Neo4j's community edition and the local stack have one database, so the tests share it
with everything else: they look only at nodes whose id starts with their prefix.
"""

from datetime import UTC, date, datetime, time
from typing import Any

import neo4j
import pyarrow as pa

from mpp_stores.records import ENGAGED_WITH_SCHEMA, MESSAGE_SCHEMA

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
    def __init__(self, driver: neo4j.Driver, database: str, prefix: str) -> None:
        self.prefix = prefix
        self._driver = driver
        self._database = database

    def id(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def message_batch(self, *rows: tuple[str, str, str, date]) -> pa.RecordBatch:
        """A batch of (message, user, campaign, day), sent at an odd microsecond."""
        return pa.RecordBatch.from_pylist(
            [
                {
                    "message_id": self.id(message),
                    "user_id": self.id(user),
                    "campaign_id": self.id(campaign),
                    "text": f"text of {message}",
                    "sent_at": datetime.combine(day, time(8, 30, 0, 123457), UTC),
                    "event_day": day,
                }
                for message, user, campaign, day in rows
            ],
            schema=MESSAGE_SCHEMA,
        )

    def edge_batch(self, *rows: tuple[str, str], messages: int = 3) -> pa.RecordBatch:
        """A batch of (user, campaign)."""
        return pa.RecordBatch.from_pylist(
            [
                {
                    "user_id": self.id(user),
                    "campaign_id": self.id(campaign),
                    "message_count": messages,
                    "active_days": 2,
                    "first_at": FIRST_AT,
                    "last_at": LAST_AT,
                }
                for user, campaign in rows
            ],
            schema=ENGAGED_WITH_SCHEMA,
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

    def adopt_messages(self, stamp: str) -> dict[str, str]:
        """Stamp everyone else's messages, so that a sweep of every day spares them.

        Returns their own stamps by id, for `return_messages`.
        """
        records = self._records(
            """
            MATCH (message:Message) WHERE NOT message.message_id STARTS WITH $prefix
            WITH message, message.materialization AS former
            SET message.materialization = $stamp
            RETURN message.message_id AS id, former
            """,
            stamp=stamp,
        )
        return {record["id"]: record["former"] for record in records}

    def return_messages(self, stamps: dict[str, str]) -> None:
        self._records(
            """
            UNWIND $rows AS row
            MATCH (message:Message {message_id: row.id})
            SET message.materialization = row.former
            """,
            rows=[{"id": key, "former": former} for key, former in stamps.items()],
        )

    def adopt_edges(self, stamp: str) -> dict[tuple[str, str], str]:
        """The same for everyone else's ENGAGED_WITH, by user and campaign id."""
        records = self._records(
            """
            MATCH (user:User)-[edge:ENGAGED_WITH]->(campaign:Campaign)
            WHERE NOT user.user_id STARTS WITH $prefix
            WITH user, edge, campaign, edge.materialization AS former
            SET edge.materialization = $stamp
            RETURN user.user_id AS user_id, campaign.campaign_id AS campaign_id, former
            """,
            stamp=stamp,
        )
        return {(record["user_id"], record["campaign_id"]): record["former"] for record in records}

    def return_edges(self, stamps: dict[tuple[str, str], str]) -> None:
        self._records(
            """
            UNWIND $rows AS row
            MATCH (:User {user_id: row.user_id})-[edge:ENGAGED_WITH]->
                  (:Campaign {campaign_id: row.campaign_id})
            SET edge.materialization = row.former
            """,
            rows=[
                {"user_id": user_id, "campaign_id": campaign_id, "former": former}
                for (user_id, campaign_id), former in stamps.items()
            ],
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
