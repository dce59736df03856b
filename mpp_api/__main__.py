"""`python -m mpp_api`: the service under uvicorn, logging as its settings say.

Without an access log: paths hold users' ids, which an erasure could not take out of it.
"""

import argparse
from typing import Final

import uvicorn

from mpp_api.observability.logs import logging_configuration
from mpp_api.settings import ApiSettings

MAX_HEAD_BYTES: Final = 65_536
"""Of a request line with its headers, where uvicorn runs on h11: the 16,384 that h11 takes by
itself leave no room for headers beside the longest query."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="mpp_api", description="Serve the recommendation API.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    settings = ApiSettings.model_validate({})
    uvicorn.run(
        "mpp_api.main:create_app",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        log_config=logging_configuration(settings.api_log_format),
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )


if __name__ == "__main__":
    main()
