"""ArcadeDB's Bolt server with its own Java runtime, from the arcadedb-embedded wheel, in the
role of Neo4j."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mpp_local.addresses import without_credentials
from mpp_local.component import PROBE_TIMEOUT_SECONDS, Engine, NotReady, Program
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack, write_private
from mpp_local.wheels import package_folder

USER = "root"
DATABASE = "neo4j"
LARGEST_HEAP = "1g"
OPENED_PACKAGES = ("java.util.concurrent.atomic", "java.nio", "sun.nio.ch")


class ArcadeDb(Engine):
    name = "neo4j"
    product = "ArcadeDB (arcadedb-embedded)"
    settings = ("MPP_NEO4J_URI", "MPP_NEO4J_USER", "MPP_NEO4J_PASSWORD", "MPP_NEO4J_DATABASE")
    default_ports: ClassVar[Mapping[str, int]] = {"neo4j": 7687, "neo4j-http": 2480}

    def environment(self, stack: Stack) -> dict[str, str]:
        return {
            "MPP_NEO4J_URI": f"bolt://{LOOPBACK}:{stack.ports['neo4j']}",
            "MPP_NEO4J_USER": USER,
            "MPP_NEO4J_PASSWORD": stack.password(self.name),
            "MPP_NEO4J_DATABASE": DATABASE,
        }

    def prepare(self, stack: Stack) -> None:
        write_private(_password_file(stack), stack.password(self.name))

    def program(self, stack: Stack) -> Program:
        wheel, folder = package_folder("arcadedb_embedded"), stack.engine_folder(self.name)
        options = {
            "server.mode": "production",
            "server.rootPath": folder,
            "server.databaseDirectory": folder / "databases",
            "server.rootPasswordPath": _password_file(stack),
            "server.defaultDatabases": f"{DATABASE}[{USER}]",
            "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "server.httpIncomingHost": LOOPBACK,
            "server.httpIncomingPort": stack.ports["neo4j-http"],
            "bolt.host": LOOPBACK,
            "bolt.port": stack.ports["neo4j"],
        }
        command = [
            *(str(wheel / "jre" / "bin" / "java"), f"-Xmx{LARGEST_HEAP}", "-XX:+UseSerialGC"),
            *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED_PACKAGES),
            *(f"-Darcadedb.{option}={value}" for option, value in options.items()),
            *("-cp", str(wheel / "jars" / "*"), "com.arcadedb.server.ArcadeDBServer"),
        ]
        return Program(command, folder)

    def address(self, environment: Mapping[str, str]) -> str:
        return without_credentials(environment["MPP_NEO4J_URI"])

    def probe(self, environment: Mapping[str, str]) -> None:
        from neo4j import GraphDatabase  # noqa: PLC0415 - slow to import
        from neo4j.exceptions import DriverError, Neo4jError  # noqa: PLC0415

        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        password = environment.get("MPP_NEO4J_PASSWORD")
        user = environment.get("MPP_NEO4J_USER", "neo4j")
        try:
            with GraphDatabase.driver(
                environment["MPP_NEO4J_URI"],
                auth=(user, password) if password else None,
                connection_timeout=PROBE_TIMEOUT_SECONDS,
                max_transaction_retry_time=0,
            ) as driver:
                driver.execute_query(
                    "RETURN 1", database_=environment.get("MPP_NEO4J_DATABASE", DATABASE)
                )
        except (DriverError, Neo4jError, ValueError) as error:
            raise NotReady(str(error)) from error


def _password_file(stack: Stack) -> Path:
    return stack.engine_folder(ArcadeDb.name) / "root-password"
