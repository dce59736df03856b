"""A Spark standalone cluster of processes on this machine: a master and two workers."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyspark

from mpp_assets.resources import spark_config
from mpp_assets.settings import SparkSettings
from mpp_local.ports import LOOPBACK, free_port, taking_ports
from tests.waiting import wait_until

SPARK_HOME = Path(pyspark.__file__).parent
DEPLOY = "org.apache.spark.deploy"
WORKERS = ("worker-1", "worker-2")
JAVA_OPTIONS = spark_config(SparkSettings())["spark.driver.extraJavaOptions"]
"""These JVMs live for a minute as well, executors included."""


@dataclass(frozen=True)
class SparkCluster:
    """`folder` has every file that the master, the workers and the executors write."""

    folder: Path
    master_url: str
    page: str

    def state(self) -> dict[str, Any]:
        """What the master knows of workers and applications."""
        return _json(self.page)

    def workers(self) -> list[dict[str, Any]]:
        """What each worker knows of its executors."""
        return [_json(worker["webuiaddress"]) for worker in self.state()["workers"]]

    def pages(self) -> Iterator[str]:
        """What the master's and the workers' web pages show."""
        for address in (self.page, *(each["webuiaddress"] for each in self.state()["workers"])):
            for path in ("/", "/json/"):
                yield _get(address, path).text


@contextmanager
def running_cluster(folder: Path) -> Iterator[SparkCluster]:
    """Workers of one core and 1 GB each, which know nothing of the platform."""
    with ExitStack() as processes:
        with taking_ports(print):
            cluster = _start(folder, processes)
        yield cluster


def _start(folder: Path, processes: ExitStack) -> SparkCluster:
    port = free_port(7077, (), seed=str(folder))
    page_port = free_port(8080, (port,), seed=str(folder))
    cluster = SparkCluster(folder, f"spark://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{page_port}")
    listen = ("--host", LOOPBACK, "--port", str(port), "--webui-port", str(page_port))
    started = [processes.enter_context(_process(folder / "master", "master.Master", *listen))]
    for name in WORKERS:
        options = ("--host", LOOPBACK, "--webui-port", "0", "--cores", "1", "--memory", "1g")
        worker = _process(folder / name, "worker.Worker", *options, cluster.master_url)
        started.append(processes.enter_context(worker))

    def has_all_workers() -> bool:
        assert all(process.poll() is None for process in started), _logs(folder)
        try:
            return bool(cluster.state()["aliveworkers"] == len(WORKERS))
        except (httpx.HTTPError, ValueError):  # its page is served before there is anything on it
            return False

    wait_until(has_all_workers)
    return cluster


@contextmanager
def _process(folder: Path, main_class: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """With the environment that docs/spark-cluster.md gives it, and no other."""
    folder.mkdir()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ},
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_WORKER_DIR": str(folder),
        "SPARK_LOCAL_DIRS": str(folder),
        "JAVA_TOOL_OPTIONS": JAVA_OPTIONS,
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
    }
    command = [SPARK_HOME / "bin/spark-class", f"{DEPLOY}.{main_class}", *arguments]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):  # with the executors, which are of a worker's group
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)


def _json(address: str) -> dict[str, Any]:
    found: dict[str, Any] = _get(address, "/json/").json()
    return found


def _get(address: str, path: str) -> httpx.Response:
    return httpx.get(f"{address}{path}", timeout=10, trust_env=False).raise_for_status()


def _logs(folder: Path) -> str:
    return "\n".join(log.read_text()[-2000:] for log in sorted(folder.glob("*/log")))
