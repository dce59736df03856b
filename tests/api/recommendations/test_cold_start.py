"""Strangers: by what they say, else what is trending. The texts' vectors are the data set's."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mpp_api.dependencies import get_embedder
from mpp_api.settings import ApiSettings
from mpp_stores.records import Release
from tests.api.addresses import without
from tests.api.conftest import serving
from tests.api.dataset import PERFORMANCE_SCORES, Dataset
from tests.api.known_texts import KnownTexts

ABOUT_CARDS = "May I pay by card?"


@pytest.fixture
async def client(
    api_settings: ApiSettings, new_release: Release, dataset: Dataset
) -> AsyncIterator[httpx.AsyncClient]:
    embedder = KnownTexts(dataset)
    async with serving(api_settings, {get_embedder: lambda: embedder}) as client:
        yield client


async def asked(client: httpx.AsyncClient, **question: Any) -> dict[str, Any]:
    response = await client.post("/recommendations", json=question)
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


def campaigns(reply: dict[str, Any]) -> list[str]:
    return [item["campaign_id"] for item in reply["items"]]


async def test_a_text_finds_what_is_written_about_it(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await asked(client, text=ABOUT_CARDS)
    best = reply["items"][0]
    assert (reply["strategy"], reply["user_id"], reply["known_user"]) == ("text", None, None)
    assert best["campaign_id"] == dataset.id("cards")
    assert [part["name"] for part in best["score_parts"]] == ["messages", "topic", "performance"]
    similarities = {
        message["text"]: message["similarity"] for message in best["explanation"]["messages"]
    }
    assert similarities[ABOUT_CARDS] == pytest.approx(1, abs=1e-3)
    assert best["explanation"]["graph"] is None
    assert reply["notice"] is None


async def test_a_session_finds_what_its_messages_have_in_common(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await asked(client, messages=[ABOUT_CARDS, "Which cards do you take?"])
    assert reply["strategy"] == "session"
    assert campaigns(reply)[0] == dataset.id("cards")


async def test_an_unknown_user_with_a_text_is_answered_by_the_text(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    reply = await asked(client, user_id=dataset.id("nobody"), text=ABOUT_CARDS)
    assert (reply["strategy"], reply["known_user"]) == ("text", False)
    assert campaigns(reply)[0] == dataset.id("cards")


async def test_a_known_user_s_text_decides_which_messages_and_topics_are_near(
    client: httpx.AsyncClient, dataset: Dataset
) -> None:
    by_profile = await asked(client, user_id=dataset.id("ada"))
    by_text = await asked(client, user_id=dataset.id("ada"), text=ABOUT_CARDS)
    (before,), (after,) = (
        [item for item in reply["items"] if item["campaign_id"] == dataset.id("cards")]
        for reply in (by_profile, by_text)
    )
    assert by_text["strategy"] == "hybrid"
    values, changed = (
        {part["name"]: part["value"] for part in item["score_parts"]} for item in (before, after)
    )
    assert changed["topic"] > values["topic"]
    assert changed["messages"] > values["messages"]
    assert {name: changed[name] for name in ("similar_users", "graph", "performance")} == {
        name: values[name] for name in ("similar_users", "graph", "performance")
    }


@pytest.mark.parametrize("asked_by", [None, "nobody"])
async def test_nothing_known_is_answered_with_what_is_trending(
    client: httpx.AsyncClient, dataset: Dataset, asked_by: str | None
) -> None:
    reply = await asked(client, user_id=asked_by and dataset.id(asked_by))
    recent = {row["campaign_id"]: row["recent_message_count"] for row in dataset.performances()}
    most = max(recent[dataset.id(campaign)] for campaign in PERFORMANCE_SCORES)
    expected = {
        dataset.id(campaign): 0.5 * recent[dataset.id(campaign)] / most + 0.5 * performance
        for campaign, performance in PERFORMANCE_SCORES.items()
    }
    assert (reply["strategy"], reply["known_user"]) == ("trending", asked_by and False)
    assert "trending" in reply["notice"]
    assert {item["campaign_id"]: item["score"] for item in reply["items"]} == pytest.approx(
        expected, abs=1e-4
    )
    assert campaigns(reply) == sorted(expected, key=lambda each: (-expected[each], each))


async def test_a_text_that_cannot_be_embedded_is_answered_with_what_is_trending(
    client: httpx.AsyncClient,
) -> None:
    reply = await asked(client, text="A text that no data set holds")
    assert (reply["strategy"], reply["missing_legs"]) == ("trending", ["model"])
    assert "embedded" in reply["notice"]


@pytest.mark.usefixtures("new_release")
@pytest.mark.parametrize("question", [{"text": ABOUT_CARDS}, {"user_id": "a-stranger"}])
async def test_what_was_not_searched_is_not_said_not_to_be_there(
    api_settings: ApiSettings, dataset: Dataset, question: dict[str, Any]
) -> None:
    embedder = KnownTexts(dataset)
    async with serving(without(api_settings, "milvus"), {get_embedder: lambda: embedder}) as client:
        reply = await asked(client, **question)
    assert (reply["strategy"], reply["missing_legs"]) == ("trending", ["vector"])
    assert "could be found" not in reply["notice"]
    assert "searched" in reply["notice"]


@pytest.mark.usefixtures("new_release")
async def test_a_text_is_not_compared_with_vectors_of_another_model(
    api_settings: ApiSettings, dataset: Dataset
) -> None:
    embedder = KnownTexts(dataset, model="another")
    async with serving(api_settings, {get_embedder: lambda: embedder}) as client:
        reply = await asked(client, user_id=dataset.id("ada"), text=ABOUT_CARDS)
    assert (reply["strategy"], reply["missing_legs"]) == ("hybrid", ["model"])
