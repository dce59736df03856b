"""`python -m mpp_api`: the service under uvicorn, logging as its settings say.

Without an access log: paths hold users' ids, which an erasure could not take out of it.
"""

import argparse

import uvicorn

from mpp_api.observability.logs import logging_configuration
from mpp_api.settings import ApiSettings


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
    )


if __name__ == "__main__":
    main()
