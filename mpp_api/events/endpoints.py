from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response

from mpp_api.dependencies import CurrentMetrics, CurrentSettings, Events
from mpp_api.erasures.known import KnownErasures
from mpp_api.errors import problem_responses
from mpp_api.events.schemas import EventRecords, EventsReply
from mpp_api.events.service import EventService
from mpp_api.security.access import WRITE

router = APIRouter(prefix="/events", tags=["events"], dependencies=[WRITE])


async def get_service(
    settings: CurrentSettings,
    erased: KnownErasures,
    spool: Events,
    metrics: CurrentMetrics,
) -> EventService:
    return EventService(settings.contract, erased, spool, metrics)


Judging = Annotated[EventService, Depends(get_service)]


@router.post(
    "",
    summary="Send conversation events",
    status_code=HTTPStatus.ACCEPTED,
    responses={
        HTTPStatus.ACCEPTED.value: {"description": "The accepted events are on disk."},
        HTTPStatus.OK.value: {
            "description": "Every event was rejected: nothing was kept.",
            "model": EventsReply,
        },
        **problem_responses(
            HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    },
)
async def create_events(
    records: Annotated[EventRecords, Body()], response: Response, events: Judging
) -> EventsReply:
    """One event, or a list. Each is held against the contract for itself: look at `rejected`.

    Those accepted become a batch within about a minute, are landed and published like those of
    a file. An event that is sent again is the same event, by its message_id: after a 503, or no
    reply, send all of them again. 409 when an event deviates where the contract is frozen."""
    reply = await events.keep(records)
    if not reply.accepted:
        response.status_code = HTTPStatus.OK
    return reply
