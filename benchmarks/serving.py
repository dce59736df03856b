"""What an answer costs: cached, computed, and a bare FastAPI route beside them.

    .venv/bin/python -m benchmarks.serving 2000 20000

For each number of messages: 30 days are landed, refreshed and published on stores of their
own (the vectors are random unit vectors), then the API and a FastAPI app with one empty
route are served by one uvicorn process each, and asked in turn at each concurrency. A
computed answer differs from all before in `min_score`, so that it is never found in the cache.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import count, cycle
from tempfile import TemporaryFile

import httpx

from benchmarks.http_load import load
from benchmarks.refresh import DAYS, Pipeline, events, precompute_vectors
from benchmarks.stack import STORES, own_stack
from mpp_local.ports import LOOPBACK, free_port
from mpp_stores import api_keys
from mpp_stores.api_keys import Role

CONCURRENCIES = (1, 8, 32)
CACHED_REQUESTS = 4_000
COMPUTED_REQUESTS = 400
USERS = 50
READY_SECONDS = 60
BARE_ROUTE = "benchmarks.bare_route:create_app"


@contextmanager
def served(*module: str) -> Iterator[str]:
    """The address of a service, its log kept as `mpp up` keeps the API's: in a file."""
    port = free_port(8_100, set(), seed=module[-1])
    command = [sys.executable, "-m", *module, "--host", LOOPBACK, "--port", str(port)]
    environment = os.environ | {"MPP_API_RATE_LIMIT": "10000000/minute"}
    with TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://{LOOPBACK}:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait()


def measure(messages: int) -> dict[str, dict[str, dict[str, float]]]:
    """By what was asked and by concurrency: latencies, rate, and the rate against a bare route."""
    records = [record for record in events(messages) if record["message_id"] < f"m{DAYS - 1}"]
    users = sorted({record["user_id"] for record in records})[:USERS]
    with own_stack(*STORES) as home:
        precompute_vectors(home / "lake", [record["message"] for record in records])
        pipeline = Pipeline(home)
        pipeline.land("events.json", records)
        pipeline.refresh(0, DAYS - 2)
        record, key = api_keys.issue("benchmark", Role.READ)
        api_keys.add(home / api_keys.FILE_NAME, record)
        headers = {"X-API-Key": key.get_secret_value()}
        with (
            served("mpp_api") as api,
            served("uvicorn", "--no-access-log", "--factory", BARE_ROUTE) as bare,
        ):
            _wait_for(f"{api}/messages/search?q=tent", headers)  # the model is loaded by then
            return {
                "bare route": _measured(bare, cycle(["/"]), CACHED_REQUESTS, headers),
                "cached": _measured(
                    api,
                    cycle(f"/recommendations/{user}" for user in users),
                    CACHED_REQUESTS,
                    headers,
                ),
                "computed": _measured(api, _never_asked(users), COMPUTED_REQUESTS, headers),
                "computed, without explanations": _measured(
                    api, _never_asked(users, "&explain=false"), COMPUTED_REQUESTS, headers
                ),
            }


def _measured(
    url: str, paths: Iterator[str], requests: int, headers: dict[str, str]
) -> dict[str, dict[str, float]]:
    figures = {}
    for concurrency in CONCURRENCIES:
        # What is kept is kept by then, and there are as many connections to the stores as needed.
        load(url, paths, concurrency=concurrency, requests=2 * USERS, headers=headers)
        figures[str(concurrency)] = asdict(
            load(url, paths, concurrency=concurrency, requests=requests, headers=headers)
        )
    return figures


_numbers = count(1)


def _never_asked(users: list[str], options: str = "") -> Iterator[str]:
    for user, number in zip(cycle(users), _numbers, strict=False):
        yield f"/recommendations/{user}?min_score={number / 1e9:.9f}{options}"


def _wait_for(url: str, headers: dict[str, str] | None = None) -> None:
    """Until it answers without an error of the server's."""
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        with suppress(httpx.TransportError):
            if not httpx.get(url, headers=headers).is_server_error:
                return
        time.sleep(0.1)
    raise TimeoutError(f"{url} is not ready after {READY_SECONDS} s")


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or ["2000"]):
        print(json.dumps({"messages": size, "asked": measure(size)}, indent=2), flush=True)
