"""milvus-lite's server, in the role of Milvus."""

from mpp_local.component import Program
from mpp_local.engines.milvus import MilvusServer
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack
from mpp_local.wheels import python_module


class MilvusLite(MilvusServer):
    """One process a data folder: the server holds a lock on it."""

    product = "milvus-lite"

    def prepare(self, stack: Stack) -> None:
        stack.engine_folder(self.name)

    def program(self, stack: Stack) -> Program:
        folder = stack.engine_folder(self.name)
        command = python_module(
            "milvus_lite",
            *("server", "--data-dir", str(folder / "data")),
            *("--host", LOOPBACK, "--port", str(stack.ports["milvus"])),
            # Its collections are not safe for concurrent writers: requests go one by one.
            *("--max-workers", "1"),
        )
        # INT flushes and closes; TERM would leave the work to the next start's recovery.
        return Program(command, folder, stop_signal="INT")
