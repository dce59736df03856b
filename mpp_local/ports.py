"""Choosing ports on the loopback interface."""

import random
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
UNREGISTERED = range(10_000, 32_768)
"""Below the range from which Linux picks the ports of outgoing connections, so that a
port found free today is not in such use tomorrow."""


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

    Ports in `taken` count as used although nothing listens there yet. `seed` makes two
    stacks that start at the same moment look in different places.
    """
    candidates = random.Random(seed).sample(UNREGISTERED, k=len(UNREGISTERED))  # noqa: S311
    for port in (default, *candidates):
        if port not in taken and is_free(port):
            return port
    raise OSError("no free port between 10000 and 32767 on 127.0.0.1")
