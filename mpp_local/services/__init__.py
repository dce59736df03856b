"""What runs on top of the stores: Dagster and the API."""

from mpp_local.component import Component
from mpp_local.services.api import Api
from mpp_local.services.code_server import DagsterCodeServer
from mpp_local.services.dagster import DagsterDaemon, DagsterWebserver

SERVICES_IN_ORDER: tuple[tuple[Component, ...], ...] = (
    (DagsterCodeServer(), Api()),
    (DagsterWebserver(), DagsterDaemon()),
)
"""The second group needs the first to answer: Dagster does not come back by itself to a
code server that was not there when it looked."""

SERVICES: tuple[Component, ...] = tuple(service for group in SERVICES_IN_ORDER for service in group)
