"""Milvus's own standalone server, from the `milvus` wheel."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from mpp_local.component import Program
from mpp_local.engines.milvus import MilvusServer
from mpp_local.engines.milvus_wheel import VERSION, server_folder
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack, write_private

PARTS = ("rootCoord", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode")
"""One process holds all of them; they talk over these ports of their own nonetheless."""

INTERNAL_PORTS = ("proxy", *PARTS, "etcd", "etcd-peer")
FIRST_INTERNAL_PORT = 19520

# Its parts register themselves for so long: after a kill, a change of a collection waits until
# what the killed ones left has expired. Milvus's own 30 s suit a cluster.
SESSION_SECONDS = 10
# A read that must see all writes waits for the next tick: with Milvus's own 200, 300 ms.
TICK_MILLISECONDS = 50
# How often the coordinator looks for what is to be done: with Milvus's own second, loading a
# collection takes twice as long.
COORDINATOR_MILLISECONDS = 100
COORDINATOR_INTERVALS = (
    "checkInterval",
    "checkChannelInterval",
    "checkSegmentInterval",
    "distPullInterval",
)


class MilvusStandalone(MilvusServer):
    """etcd and the message queue run within the one process; everything is on local disk.

    Milvus 2.3 has no setting for the interface its ports are on. The addresses below are
    where its parts look for one another: all ports but etcd's are open on every interface.
    """

    product = f"Milvus {VERSION} (milvus)"
    default_ports: ClassVar[Mapping[str, int]] = {
        **MilvusServer.default_ports,
        "milvus-http": 9091,
        **{
            f"milvus-{part}": FIRST_INTERNAL_PORT + number
            for number, part in enumerate(INTERNAL_PORTS)
        },
    }

    def prepare(self, stack: Stack) -> None:
        """Write its configuration, which it finds below its working directory."""
        folder = _folder(stack) / "configs"
        folder.mkdir(exist_ok=True, mode=0o700)
        # JSON is YAML too.
        write_private(folder / "milvus.yaml", json.dumps(_configuration(stack), indent=2))
        write_private(folder / "etcd.yaml", json.dumps(_etcd_configuration(stack), indent=2))
        write_private(folder / "glog.conf", "--logtostderr=true\n--minloglevel=1\n")

    def program(self, stack: Stack) -> Program:
        server, folder = server_folder(), _folder(stack)
        # It locks a file of this name in /run/milvus or /tmp/milvus: one a stack.
        alias = hashlib.sha256(os.fsencode(stack.home)).hexdigest()[:12]
        command = [
            "env",
            f"LD_LIBRARY_PATH={server}",
            f"DYLD_LIBRARY_PATH={server}",
            "DEPLOY_MODE=STANDALONE",
            f"METRICS_PORT={stack.ports['milvus-http']}",
            *(str(server / "milvus"), "run", "standalone", "-alias", alias),
        ]
        # Asked to stop, it waits for another node to take its collections over, minutes long.
        # What it acknowledged is in its log on disk, and read from there at the next start.
        return Program(command, folder, stop_signal="KILL")


def _folder(stack: Stack) -> Path:
    """Not that of milvus-lite, whose files it cannot read."""
    return stack.engine_folder("milvus-standalone")


def _configuration(stack: Stack) -> dict[str, Any]:
    data = _folder(stack) / "data"
    configuration: dict[str, Any] = {
        "etcd": {
            "endpoints": f"{LOOPBACK}:{stack.ports['milvus-etcd']}",
            "use": {"embed": True},
            "config": {"path": str(_folder(stack) / "configs" / "etcd.yaml")},
            "data": {"dir": str(data / "etcd")},
            "log": {"level": "error", "path": "stderr"},
        },
        "localStorage": {"path": str(data / "storage")},
        "rocksmq": {"path": str(data / "rocksmq")},
        "mq": {"type": "rocksmq"},
        "common": {"storageType": "local", "session": {"ttl": SESSION_SECONDS}},
        "log": {"level": "error", "stdout": True},
        "proxy": {
            "ip": LOOPBACK,
            "port": stack.ports["milvus"],
            "internalPort": stack.ports["milvus-proxy"],
            "timeTickInterval": TICK_MILLISECONDS,
        },
    }
    for part in PARTS:
        configuration[part] = {"ip": LOOPBACK, "port": stack.ports[f"milvus-{part}"]}
    configuration["queryCoord"] |= dict.fromkeys(COORDINATOR_INTERVALS, COORDINATOR_MILLISECONDS)
    return configuration


def _etcd_configuration(stack: Stack) -> dict[str, str]:
    client, peer = (
        f"http://{LOOPBACK}:{stack.ports[name]}" for name in ("milvus-etcd", "milvus-etcd-peer")
    )
    return {
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }
