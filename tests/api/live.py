"""The app behind a real socket, in a thread: for a browser, and for clients that block."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from mpp_api.main import create_app
from mpp_api.settings import ApiSettings
from tests.api.addresses import free_port

STARTS_WITHIN_SECONDS = 30


@contextmanager
def live(
    settings: ApiSettings,
    overrides: dict[Callable[..., Any], Callable[..., Any]] | None = None,
) -> Iterator[str]:
    """Yields the base URL. `overrides` are of dependencies."""
    app = create_app(settings)
    app.dependency_overrides.update(overrides or {})
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="api")
    thread.start()
    try:
        give_up = time.monotonic() + STARTS_WITHIN_SECONDS
        while not server.started:
            assert thread.is_alive(), "the API did not start"
            assert time.monotonic() < give_up, "the API takes too long to start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
