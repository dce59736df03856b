"""Servers that a test may kill and start again."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import psutil

from mpp_local.engines import engines_of
from mpp_local.stack import Stack
from mpp_local.status import ComponentStatus
from mpp_local.supervision import await_end
from mpp_stores.errors import StoreUnavailable
from mpp_stores.milvus.writer import UserProfiles
from mpp_stores.settings import StoreSettings
from tests.local.commands import Mpp
from tests.waiting import wait_until


def at_port(settings: StoreSettings, port: int) -> StoreSettings:
    """The settings, with the Milvus at this port of the machine."""
    return settings.model_copy(update={"milvus_uri": f"http://127.0.0.1:{port}"})


class Server(Protocol):
    @property
    def settings(self) -> StoreSettings: ...

    def kill(self) -> None:
        """Returns when nothing answers any more."""

    def start(self) -> None:
        """Returns when it answers."""


class Lite:
    """A milvus-lite of the test's own, on a free port."""

    def __init__(self, data: Path, settings: StoreSettings) -> None:
        self._data = data
        self.settings = settings

    def start(self) -> None:
        port = self.settings.milvus_uri.rpartition(":")[2]
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self._data)]
        self._process = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", port])
        wait_until(lambda: self._process.poll() is not None or self._answers())
        assert self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with UserProfiles(self.settings):
                return True
        except StoreUnavailable:
            return False


class Standalone:
    """A stack of Milvus's standalone server and no other store: those of the environment do."""

    def __init__(self, home: Path, others: StoreSettings) -> None:
        addresses = {
            setting: os.environ[setting]
            for engine in engines_of(Stack(home))
            for setting in engine.settings
            if engine.name != "milvus" and setting in os.environ
        }
        self._others = others
        self._mpp = Mpp(home, MPP_LOCAL_MILVUS="standalone", **addresses)

    @property
    def settings(self) -> StoreSettings:
        return self._others.model_copy(update={"milvus_uri": self._status().address})

    def start(self) -> None:
        started = self._mpp("up", "--only", "stores")
        assert started.returncode == 0, started.stderr

    def kill(self) -> None:
        """Its supervisor starts it again, at once."""
        process = psutil.Process(self._status().pid)
        process.kill()
        assert await_end([process], seconds=10) == []

    def stop(self) -> None:
        self._mpp("down")

    def _status(self) -> ComponentStatus:
        return self._mpp.status()["milvus"]
