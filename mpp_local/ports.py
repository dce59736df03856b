"""Choosing ports on the loopback interface."""

import os
import random
import socket
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from mpp_local.locks import Tell, lock

LOOPBACK = "127.0.0.1"
UNREGISTERED = range(10_000, 32_768)
"""Below the range from which Linux picks the ports of outgoing connections, so that a
port found free today is not in such use tomorrow."""


@contextmanager
def taking_ports(tell: Tell) -> Iterator[None]:
    """From choosing ports until servers listen on them: one stack of this user at a time.

    Two would find the same ports free, and one would talk to the other's servers.
    """
    path = Path(tempfile.gettempdir()) / f"mpp-{os.getuid()}-ports.lock"
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor) as file:
        lock(file, tell, "another stack of this user to start")
        yield


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(default: int, taken: Collection[int], seed: str) -> int:
    """The default if it is free, else another free port.

    Ports in `taken` count as used although nothing listens there yet. `seed` makes the
    stacks of two users that start at the same moment look in different places.
    """
    candidates = random.Random(seed).sample(UNREGISTERED, k=len(UNREGISTERED))  # noqa: S311
    for port in (default, *candidates):
        if port not in taken and is_free(port):
            return port
    raise OSError("no free port between 10000 and 32767 on 127.0.0.1")
