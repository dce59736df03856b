"""Making the engine give up the bytes of deleted documents.

NX-27017 keeps a database in one SQLite file, `<database>.db`. `vacuum` writes it anew
without what was deleted, `wal_checkpoint` puts that in the file's place. The write-ahead
log beside it, `<database>.db-wal`, is reused and never cut: it may keep former bytes
until later writes overwrite them or the engine stops, which removes it.

MongoDB compacts a collection, and rewrites only where that frees enough. Its journal,
its oplog and what it did not rewrite may keep former bytes until they are reused.
"""

from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

_NOT_OFFERED = frozenset(
    {
        13,  # Unauthorized: our user may write, but not compact
        26,  # NamespaceNotFound: there is no collection yet
        59,  # CommandNotFound: mongos, and MongoDB for what only NX-27017 has
        115,  # CommandNotSupported
        8000,  # AtlasError: a shared cluster
    }
)


def compact(collection: Collection[dict[str, Any]]) -> bool:
    """Returns whether the engine did it; any failure but not offering it is raised."""
    rewritten = _rewrite_file(collection.database)
    return _compact_collection(collection) if rewritten is None else rewritten


def _rewrite_file(database: Database[dict[str, Any]]) -> bool | None:
    """As NX-27017 does it; None on MongoDB. False while a reader holds the former file."""
    try:
        # First, so that `vacuum` overwrites the log from its start.
        database.command("wal_checkpoint")
        database.command("vacuum")
        log = database.command("wal_checkpoint")
    except OperationFailure as error:
        if not is_not_offered(error):
            raise
        return None
    return bool(log["log"] == log["checkpointed"])


def _compact_collection(collection: Collection[dict[str, Any]]) -> bool:
    """As MongoDB does it."""
    try:
        collection.database.command("compact", collection.name, force=True)  # on a primary too
    except OperationFailure as error:
        if not is_not_offered(error):
            raise
        return False
    return True


def is_not_offered(error: OperationFailure) -> bool:
    return error.code in _NOT_OFFERED
