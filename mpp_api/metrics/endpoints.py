from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from mpp_api.dependencies import CurrentMetrics, Releases
from mpp_api.errors import NoRelease

router = APIRouter(tags=["operation"])


@router.get(
    "/metrics",
    summary="Prometheus metrics of this process",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def read_metrics(metrics: CurrentMetrics, releases: Releases) -> Response:
    try:
        age = (await releases.served()).age_seconds()
    except NoRelease:
        age = None
    return Response(metrics.exposition(age), headers={"Content-Type": CONTENT_TYPE_LATEST})
