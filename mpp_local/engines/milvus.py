"""What the servers in the role of Milvus have in common."""

import logging
import os
from collections.abc import Mapping
from typing import ClassVar

from mpp_local.addresses import without_credentials
from mpp_local.component import PROBE_TIMEOUT_SECONDS, Engine, NotReady
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack


class MilvusServer(Engine):
    """It knows no users."""

    name = "milvus"
    settings = ("MPP_MILVUS_URI", "MPP_MILVUS_TOKEN")
    default_ports: ClassVar[Mapping[str, int]] = {"milvus": 19530}

    def environment(self, stack: Stack) -> dict[str, str]:
        return {
            "MPP_MILVUS_URI": f"http://{LOOPBACK}:{stack.ports['milvus']}",
            "MPP_MILVUS_TOKEN": "",
        }

    def address(self, environment: Mapping[str, str]) -> str:
        return without_credentials(environment["MPP_MILVUS_URI"])

    def probe(self, environment: Mapping[str, str]) -> None:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # a refused connection is no news here
        from pymilvus import MilvusClient, MilvusException  # noqa: PLC0415 - slow to import

        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        try:
            client = MilvusClient(
                uri=environment["MPP_MILVUS_URI"],
                token=environment.get("MPP_MILVUS_TOKEN", ""),
                timeout=PROBE_TIMEOUT_SECONDS,
            )
            try:
                client.list_collections(timeout=PROBE_TIMEOUT_SECONDS)
            finally:
                client.close()
        except MilvusException as error:
            raise NotReady(str(error)) from error
