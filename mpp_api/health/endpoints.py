from http import HTTPStatus

from fastapi import APIRouter, Response

from mpp_api.dependencies import CurrentHealth
from mpp_api.errors import RETRY_AFTER_SECONDS
from mpp_api.health.schemas import HealthReply, Overall

router = APIRouter(tags=["operation"])


@router.get(
    "/health",
    summary="Which stores answer, and which release is served",
    responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": HealthReply, "description": "down"}},
)
async def read_health(response: Response, health: CurrentHealth) -> HealthReply:
    """503 when none of Milvus, Neo4j and Postgres answers, or Postgres does not and never said
    what is published; else 200, also before the first release. The body is the same."""
    reply = await health.reply()
    if reply.status == Overall.DOWN:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply
