"""What was done with an admin key, in a table that is only added to:

number      1
at          2026-11-24T06:12:32Z
key_id      9f86d081884c7d65            `mpp keys list` says whose
action      request-erasure
subject     4be0643f1d98573b97cdca98a65347dd   an erasure's id; never a user's
outcome     done, or what went wrong: StoreUnavailable
request_id  0f8fad5bd9cb469fa16570867728950e
"""

from dataclasses import asdict, dataclass
from typing import Final

from psycopg.sql import SQL, Identifier

from mpp_stores.postgres import tables
from mpp_stores.postgres.connection import NOTHING_WRITTEN_YET, connect, postgres_errors
from mpp_stores.settings import StoreSettings

_INSERT: Final = SQL("""
INSERT INTO {schema}.audit_log (key_id, action, subject, outcome, request_id)
VALUES (%(key_id)s, %(action)s, %(subject)s, %(outcome)s, %(request_id)s)
""")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`subject` is empty where the action came to nothing."""

    key_id: str
    action: str
    subject: str
    outcome: str
    request_id: str


def record(
    settings: StoreSettings, entry: AuditEntry, *, schema_name: str = tables.SCHEMA_NAME
) -> None:
    """Add an entry, with the time of now. Raises `StoreError`."""
    insert = _INSERT.format(schema=Identifier(schema_name))
    with postgres_errors("record an admin action"), connect(settings) as connection:
        try:
            connection.execute(insert, asdict(entry))
        except NOTHING_WRITTEN_YET:
            tables.prepare(connection, schema_name)
            connection.execute(insert, asdict(entry))
