"""What runs on top of the stores: Dagster and the API."""

from mpp_local.component import Component
from mpp_local.services.api import Api
from mpp_local.services.dagster import DagsterDaemon, DagsterWebserver

SERVICES: tuple[Component, ...] = (DagsterWebserver(), DagsterDaemon(), Api())
