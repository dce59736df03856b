from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from mpp_api.dependencies import (
    CurrentLegs,
    CurrentRelease,
    Embedder,
    OpenStores,
    Replies,
)
from mpp_api.identifiers import StoredId
from mpp_api.messages.latest import latest_messages
from mpp_api.messages.provenance import provenance
from mpp_api.messages.schemas import LatestMessagesReply, MessageSearchReply, ProvenanceReply
from mpp_api.messages.search import MessageQuery, MessageSearch
from mpp_api.paging.parameters import DEFAULT_PAGE, Moment, PageCursor, PageLimit
from mpp_api.releases.headers import (
    RELEASE_HEADERS,
    AnnouncedRelease,
    over_release,
    release_headers,
)
from mpp_api.replies.headers import CACHE_HEADERS, cache_headers
from mpp_api.security.access import READ

router = APIRouter(prefix="/messages", tags=["messages"], dependencies=[READ])

MAX_QUERY_CHARACTERS = 1_000


MessageId = Annotated[
    StoredId,
    Path(
        description="As in every reply that cites the message.",
        examples=["2aef79af3ee684d9cc1216ba60db814a"],
    ),
]
SentAt = Annotated[
    Moment | None,
    Query(description="A time with its offset.", examples=["1999-03-12T00:00:00Z"]),
]


@router.get(
    "/search",
    summary="Messages whose meaning is near to a text",
    response_model=MessageSearchReply,
    responses={
        **over_release(),
        HTTPStatus.OK.value: {"headers": {**CACHE_HEADERS, **RELEASE_HEADERS}},
    },
)
async def search_messages(
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_QUERY_CHARACTERS,
            description="Words or a sentence. It is compared by meaning, not by letters.",
            examples=["is the tent light enough to carry?"],
        ),
    ],
    *,
    served: CurrentRelease,
    stores: OpenStores,
    embedder: Embedder,
    legs: CurrentLegs,
    replies: Replies,
    campaign_id: Annotated[StoredId | None, Query(examples=["summer-sale"])] = None,
    user_id: Annotated[StoredId | None, Query(examples=["u042"])] = None,
    since: SentAt = None,
    until: SentAt = None,
    limit: PageLimit = DEFAULT_PAGE,
) -> Response:
    """Every filter that is given has to hold: sent from `since` on, and before `until`."""
    search = MessageSearch(served, stores.vectors, embedder, legs, replies)
    answer = await search.answer(MessageQuery(q, campaign_id, user_id, since, until, limit))
    headers = {**cache_headers(answer), **release_headers(served)}
    return Response(answer.body, media_type="application/json", headers=headers)


@router.get("/latest", summary="The newest messages", responses=over_release(HTTPStatus.CONFLICT))
async def list_latest_messages(
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = "",
) -> LatestMessagesReply:
    return await latest_messages(
        limit, cursor, served=served, documents=stores.documents, legs=legs
    )


@router.get(
    "/{message_id}/provenance",
    summary="Which file a message came in, and which runs brought it here",
    responses=over_release(HTTPStatus.NOT_FOUND),
)
async def read_message_provenance(
    message_id: MessageId,
    *,
    served: AnnouncedRelease,
    stores: OpenStores,
    legs: CurrentLegs,
) -> ProvenanceReply:
    return await provenance(
        message_id,
        served=served,
        documents=stores.documents,
        tables=stores.tables,
        legs=legs,
    )
