"""Requests to forget a user: requested, scrubbed, completed.

The user's id is kept until an erasure is verified. What stays is an HMAC-SHA-256 of it,
by a salt that was generated once in this database: enough to recognise the user's events
when they land again, and to nobody else of use without the salt.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from mpp_stores.events import normalised_id
from mpp_stores.postgres import erasure_queries as queries
from mpp_stores.postgres import tables
from mpp_stores.postgres.compaction import compact
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, connect, postgres_errors
from mpp_stores.records import Erasure
from mpp_stores.settings import StoreSettings

_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class ErasedSubjects:
    """The users that asked to be forgotten. Pickles, so that executors can ask it."""

    salt: bytes = field(repr=False)
    hashes: frozenset[str]

    def includes(self, user_id: str) -> bool:
        return bool(self.hashes) and subject_hash(self.salt, user_id) in self.hashes


def subject_hash(salt: bytes, user_id: str) -> str:
    """64 hexadecimal digits."""
    return hmac.new(salt, user_id.encode(), hashlib.sha256).hexdigest()


def request(
    settings: StoreSettings, user_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> Erasure:
    """Ask for a user to be forgotten. An open request of the same user is returned as it is.

    The id is taken as a landed event's is, or nothing of the user would be found by it. Raises
    `ValueError` for one of white space alone: no event has it.
    """
    user_id = normalised_id(user_id)
    if not user_id:
        raise ValueError("a user id is more than white space")
    schema = Identifier(schema_name)
    with postgres_errors("request an erasure"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        values = {
            "erasure_id": uuid4().hex,
            "subject_hash": subject_hash(_salt(connection, schema), user_id),
            "user_id": user_id,
        }
        with connection.cursor(row_factory=class_row(Erasure)) as cursor:
            [erasure] = cursor.execute(queries.REQUEST.format(schema=schema), values).fetchall()
            return erasure


def find(
    settings: StoreSettings, erasure_id: str, *, schema_name: str = tables.SCHEMA_NAME
) -> Erasure | None:
    found = _select(settings, queries.SELECT, schema_name, erasure_id=erasure_id)
    return found[0] if found else None


def open_erasures(
    settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME
) -> list[Erasure]:
    """Those not completed, the oldest first."""
    return _select(settings, queries.SELECT_OPEN, schema_name)


def mark_scrubbed(
    settings: StoreSettings,
    erasure_id: str,
    counts: Mapping[str, int],
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> None:
    """Note that the landed files hold nothing of the user any more, and what was removed.

    Changes only a requested erasure, so the counts of a first scrubbing stay."""
    _update(settings, queries.MARK_SCRUBBED, schema_name, erasure_id, counts)


def complete(
    settings: StoreSettings,
    erasure_id: str,
    receipt: Mapping[str, Any],
    *,
    schema_name: str = tables.SCHEMA_NAME,
) -> None:
    """Keep the receipt, which names nobody, and forget the id: in the row, then on the disk.

    Changes only a scrubbed erasure, so a first receipt stays. One that is interrupted behind
    it stays open, without an id, and is completed by another call."""
    _update(settings, queries.FORGET, schema_name, erasure_id, receipt)
    compact(settings, ["erasures"], schema_name=schema_name)
    _update(settings, queries.COMPLETE, schema_name, erasure_id, receipt)


def erased_subjects(
    settings: StoreSettings, *, schema_name: str = tables.SCHEMA_NAME
) -> ErasedSubjects:
    """Everybody who ever asked, from the moment of the request on."""
    schema = Identifier(schema_name)
    with postgres_errors("read who was erased"), connect(settings) as connection:
        tables.prepare(connection, schema_name)
        salt = _salt(connection, schema)
        hashes = connection.execute(queries.SELECT_HASHES.format(schema=schema)).fetchall()
    return ErasedSubjects(salt, frozenset(digest for (digest,) in hashes))


def _salt(connection: psycopg.Connection, schema: Identifier) -> bytes:
    candidate = {"salt": secrets.token_bytes(_SALT_BYTES)}
    connection.execute(queries.CREATE_SALT.format(schema=schema), candidate)
    [(salt,)] = connection.execute(queries.SELECT_SALT.format(schema=schema)).fetchall()
    return bytes(salt)


def _select(settings: StoreSettings, query: SQL, schema_name: str, **values: str) -> list[Erasure]:
    with (
        postgres_errors("read erasures"),
        connect(settings) as connection,
        connection.cursor(row_factory=class_row(Erasure)) as cursor,
    ):
        try:
            return cursor.execute(query.format(schema=Identifier(schema_name)), values).fetchall()
        except NOTHING_WRITTEN_YET:
            return []


def _update(
    settings: StoreSettings,
    query: SQL,
    schema_name: str,
    erasure_id: str,
    receipt: Mapping[str, Any],
) -> None:
    with postgres_errors(f"update erasure {erasure_id}"), connect(settings) as connection:
        connection.execute(
            query.format(schema=Identifier(schema_name)),
            {"erasure_id": erasure_id, "receipt": Jsonb(dict(receipt))},
        )
