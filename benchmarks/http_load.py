"""A closed-loop HTTP load generator: each of `concurrency` connections asks one thing at a time.

Plain asyncio streams and keep-alive, so that on two cores the client costs less than the
server it measures.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """Milliseconds from the request's first byte to the reply's last; replies a second. Both are
    of the requests that were answered; `refused` is the share of those that were told to come
    back later."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float
    refused: float


def load(
    base_url: str, paths: Iterator[str], *, concurrency: int, requests: int, headers: dict[str, str]
) -> Load:
    """Ask for `requests` of the `paths`. Raises `RuntimeError` for any status but 200 and 503."""
    return asyncio.run(_load(base_url, paths, concurrency, requests, headers))


async def _load(
    base_url: str, paths: Iterator[str], concurrency: int, requests: int, headers: dict[str, str]
) -> Load:
    address = urlsplit(base_url)
    assert address.hostname
    sent = {"Host": address.netloc, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    durations: list[float] = []

    async def ask_in_turn(number: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for _ in range(number):
            path = next(paths)
            started = perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
            if await _is_answered(reader, path):
                durations.append(perf_counter() - started)
        writer.close()
        await writer.wait_closed()

    started = perf_counter()
    async with asyncio.TaskGroup() as connections:
        for _ in range(concurrency):
            connections.create_task(ask_in_turn(requests // concurrency))
    elapsed = perf_counter() - started
    percentiles = quantiles(durations, n=100, method="inclusive")
    return Load(
        p50_ms=round(percentiles[49] * 1_000, 2),
        p95_ms=round(percentiles[94] * 1_000, 2),
        p99_ms=round(percentiles[98] * 1_000, 2),
        per_second=round(len(durations) / elapsed, 1),
        refused=round(1 - len(durations) / (requests // concurrency * concurrency), 3),
    )


async def _is_answered(reader: asyncio.StreamReader, path: str) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
    body = await reader.readexactly(length)
    status = head.split(" ", 2)[1]
    if status not in {"200", "503"}:
        raise RuntimeError(f"{path}: {status} {body.decode(errors='replace')}")
    return status == "200"
