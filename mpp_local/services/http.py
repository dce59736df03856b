"""Questions over HTTP."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mpp_local.component import PROBE_TIMEOUT_SECONDS, NotReady


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON answer to a GET, or to a POST of `body`.

    Raises `NotReady` for no answer, an error status, or an answer that is not JSON.
    """
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own URL
    try:
        with urlopen(request, timeout=PROBE_TIMEOUT_SECONDS) as response:  # noqa: S310
            return json.load(response)
    except HTTPError as error:
        text = error.read(500).decode(errors="replace")
        raise NotReady(f"{url} answered {error.code}: {text}") from error
    except (OSError, ValueError) as error:
        raise NotReady(f"{url}: {error}") from error
