"""NX-27017, MongoDB's wire protocol over SQLite, in the role of MongoDB."""

from collections.abc import Mapping
from typing import ClassVar

from mpp_local.addresses import is_malformed, without_credentials
from mpp_local.component import PROBE_TIMEOUT_SECONDS, Engine, NotReady, Program
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack
from mpp_local.wheels import python_module

DATABASE = "mpp"
MALFORMED = (
    "MPP_MONGO_URI is no URL such as mongodb://user:password@host:27017, "
    "in whose password every special character is percent-encoded"
)


class Nx27017(Engine):
    """It knows no users: only the loopback address protects it."""

    name = "mongo"
    product = "NX-27017 (nx-27017)"
    settings = ("MPP_MONGO_URI", "MPP_MONGO_DATABASE")
    default_ports: ClassVar[Mapping[str, int]] = {"mongo": 27017}

    def environment(self, stack: Stack) -> dict[str, str]:
        return {
            "MPP_MONGO_URI": f"mongodb://{LOOPBACK}:{stack.ports['mongo']}",
            "MPP_MONGO_DATABASE": DATABASE,
        }

    def prepare(self, stack: Stack) -> None:
        stack.engine_folder(self.name)

    def program(self, stack: Stack) -> Program:
        folder = stack.engine_folder(self.name)
        pid_file = folder / "server.pid"
        server = python_module(
            "nx_27017.nx_27017",
            *("--data-dir", str(folder / "data"), "--journal-mode", "WAL"),
            *("--host", LOOPBACK, "--port", str(stack.ports["mongo"])),
            *("--pid-file", str(pid_file), "--log-file", "/dev/null"),
        )
        # After a kill it would take the pid it left behind for a running server, if
        # another process has that pid by then.
        without_stale_pid = ["sh", "-c", 'rm -f "$1"; shift; exec "$@"', "sh", str(pid_file)]
        return Program([*without_stale_pid, *server], folder)

    def address(self, environment: Mapping[str, str]) -> str:
        return without_credentials(environment["MPP_MONGO_URI"])

    def probe(self, environment: Mapping[str, str]) -> None:
        from pymongo import MongoClient, timeout  # noqa: PLC0415 - slow to import
        from pymongo.errors import InvalidURI, PyMongoError  # noqa: PLC0415

        if is_malformed(environment["MPP_MONGO_URI"]):
            raise NotReady(MALFORMED)
        milliseconds = int(PROBE_TIMEOUT_SECONDS * 1000)
        try:
            with (
                timeout(PROBE_TIMEOUT_SECONDS),
                MongoClient[dict[str, object]](
                    environment["MPP_MONGO_URI"],
                    serverSelectionTimeoutMS=milliseconds,
                    connectTimeoutMS=milliseconds,
                ) as client,
            ):
                database = client[environment.get("MPP_MONGO_DATABASE", DATABASE)]
                database.list_collection_names()
        except (InvalidURI, ValueError):
            raise NotReady(MALFORMED) from None  # it can quote pieces of the password
        except PyMongoError as error:
            raise NotReady(str(error)) from error
