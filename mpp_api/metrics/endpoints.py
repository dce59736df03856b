from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from mpp_api.dependencies import CurrentMetrics, Releases
from mpp_api.security.access import READ

router = APIRouter(tags=["operation"], dependencies=[READ])


@router.get(
    "/metrics",
    summary="Prometheus metrics of this process",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def read_metrics(metrics: CurrentMetrics, releases: Releases) -> Response:
    exposition = metrics.exposition(await releases.served_if_any())
    return Response(exposition, headers={"Content-Type": CONTENT_TYPE_LATEST})
