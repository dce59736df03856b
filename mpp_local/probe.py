"""`python -m mpp_local.probe NAME`: the question that shows that a service works, as a container's
health check. The addresses are in the environment."""

import os
import sys
from collections.abc import Mapping, Sequence

from mpp_local.component import NotReady
from mpp_local.proxies import except_this_machine
from mpp_local.services import SERVICES


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Why the service is not ready, `None` when it is."""
    [name] = arguments
    [service] = [service for service in SERVICES if service.name == name]
    try:
        service.probe(environment)
    except NotReady as error:
        return str(error)
    return None


if __name__ == "__main__":
    except_this_machine(os.environ)
    sys.exit(main(sys.argv[1:], os.environ))
