"""The same question for many users."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import Request

from mpp_api.deadline import Deadline
from mpp_api.dependencies import CurrentDeadline, Embedder, get_deadline
from mpp_api.errors import Overloaded
from mpp_api.recommendations.batch import Recommend, recommend_to_many
from mpp_api.recommendations.endpoints import get_recommender
from mpp_api.recommendations.requests import (
    MAX_BATCH_USERS,
    BatchRequest,
    RecommendationRequest,
)
from mpp_api.recommendations.service import Recommender
from mpp_api.replies.cache import Answer
from mpp_api.resilience.admission import Admission
from mpp_api.settings import ApiSettings
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.records import EngagedWith, Release
from mpp_stores.redis.cache import CacheOutcome
from mpp_stores.settings import StoreSettings
from tests.api.conftest import serving
from tests.api.dataset import Dataset

LONG = 3_600.0
USERS = [f"u{number:03}" for number in range(MAX_BATCH_USERS)]


def answer(request: RecommendationRequest) -> Answer:
    body = json.dumps({"user_id": request.user_id, "limit": request.limit}).encode()
    return Answer(body, CacheOutcome.MISS, (), "hybrid", 1)


async def items(
    recommend: Recommend,
    user_ids: list[str] = USERS,
    *,
    turns: int = 2,
    seconds: float = LONG,
    reply_seconds: float = LONG,
) -> list[dict[str, Any]]:
    body = await recommend_to_many(
        BatchRequest(user_ids=user_ids, limit=3),
        recommend,
        turns=Admission(turns),
        deadline=Deadline(seconds),
        reply_seconds=reply_seconds,
    )
    found: list[dict[str, Any]] = json.loads(body)["items"]
    return found


async def test_every_user_gets_the_reply_that_a_question_for_them_alone_gets(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    users = [dataset.id(name) for name in ("ada", "nobody", "dot", "ada")]
    response = await client.post(
        "/recommendations/batch", json={"user_ids": users, "limit": 2, "explain": False}
    )
    items = response.json()["items"]
    assert response.status_code == 200
    assert [item["user_id"] for item in items] == users
    assert [item["problem"] for item in items] == [None] * len(users)
    for item in items:
        alone = await client.get(
            f"/recommendations/{item['user_id']}", params={"limit": 2, "explain": False}
        )
        assert alone.headers["X-Cache"] == "hit"
        assert item["reply"] == alone.json()


async def test_one_user_s_problem_leaves_the_other_replies_alone() -> None:
    async def recommend(request: RecommendationRequest, _: Deadline) -> Answer:
        if request.user_id == "ben":
            raise Overloaded
        return answer(request)

    ada, ben, cid = await items(recommend, ["ada", "ben", "cid"])
    assert (ada["reply"], ada["problem"]) == ({"user_id": "ada", "limit": 3}, None)
    assert (cid["reply"], cid["problem"]) == ({"user_id": "cid", "limit": 3}, None)
    assert ben["reply"] is None
    assert ben["problem"]["type"] == "urn:problem-type:mpp:overloaded"
    assert ben["problem"]["status"] == 503


async def test_replies_take_turns_and_the_time_of_each_begins_with_its_own() -> None:
    inside = most = 0
    left: list[float] = []

    async def recommend(request: RecommendationRequest, deadline: Deadline) -> Answer:
        nonlocal inside, most
        left.append(deadline.left())
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return answer(request)

    found = await items(recommend, turns=2, reply_seconds=60)
    assert [item["reply"]["user_id"] for item in found] == USERS
    assert most == 2
    assert left == pytest.approx([60] * len(USERS), abs=1)


async def test_a_reply_has_no_more_time_than_its_batch_and_after_that_none_is_begun() -> None:
    left: list[float] = []

    async def recommend(request: RecommendationRequest, deadline: Deadline) -> Answer:
        left.append(deadline.left())
        return answer(request)

    await items(recommend, ["ada"], seconds=60)
    found = await items(recommend, seconds=0)
    assert left == [pytest.approx(60, abs=1)]
    assert {item["problem"]["type"] for item in found} == {"urn:problem-type:mpp:overloaded"}


async def test_a_batch_has_a_longer_deadline_than_a_request_for_one_user(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    users = [dataset.id("ada"), dataset.id("ben")]
    async with serving(api_settings, {get_deadline: lambda: Deadline(0)}) as client:
        alone = await client.get(f"/recommendations/{users[0]}")
        batch = await client.post("/recommendations/batch", json={"user_ids": users})
    assert alone.json()["type"] == "urn:problem-type:mpp:overloaded"
    assert [item["problem"] for item in batch.json()["items"]] == [None, None]


async def test_others_get_their_turn_while_every_reply_of_a_batch_waits_for_a_store(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> None:
    graph = WaitingGraph(api_settings)

    async def waiting(
        request: Request, embedder: Embedder, deadline: CurrentDeadline
    ) -> Recommender:
        recommender = await get_recommender(request, embedder, deadline)
        return replace(recommender, stores=replace(recommender.stores, graph=graph))

    patient = api_settings.model_copy(
        update={
            "api_computed_at_once": 2,
            "api_deadline_ms": LONG * 1_000,
            "api_batch_deadline_ms": LONG * 1_000,
            "api_leg_timeout_seconds": LONG,
        }
    )
    users = [dataset.id(name) for name in ("ada", "ben", "cid", "dot")]
    async with serving(patient, {get_recommender: waiting}) as client, asyncio.timeout(60):
        batch = asyncio.create_task(client.post("/recommendations/batch", json={"user_ids": users}))
        await graph.is_asked.wait()
        # Nobody in particular is answered without the graph.
        others = [
            await client.post("/recommendations", json={"limit": limit}) for limit in range(1, 11)
        ]
        graph.may_answer.set()
        response = await batch
    await graph.close()
    assert [other.headers["X-Cache"] for other in others] == ["miss"] * 10
    assert [item["problem"] for item in response.json()["items"]] == [None] * 4


class WaitingGraph(GraphReader):
    """Answers when it is told to."""

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(settings)
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def engaged_with(
        self, user_ids: Sequence[str], *, materialization: int
    ) -> list[EngagedWith]:
        self.is_asked.set()
        await self.may_answer.wait()
        return await super().engaged_with(user_ids, materialization=materialization)
