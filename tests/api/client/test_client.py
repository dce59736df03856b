"""The clients against the real app, over a socket."""

import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from mpp_api.client import (
    NO_RETRIES,
    AsyncClient,
    Client,
    FeedbackRequest,
    InvalidInput,
    NoAnswer,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    ProblemAnswer,
    Unavailable,
    UnexpectedAnswer,
)
from mpp_api.client.call import get
from mpp_api.client.sending import AsyncSender, Sender
from mpp_api.dependencies import get_embedder
from mpp_api.health.schemas import HealthReply
from mpp_api.main import create_app
from mpp_api.security.sizes import MAX_QUERY_BYTES
from mpp_api.settings import ApiSettings
from mpp_stores.api_keys import Role
from mpp_stores.feedback_kind import FeedbackKind
from tests.api.addresses import free_port, without
from tests.api.dataset import CARDS_END_ON, Dataset
from tests.api.keys import KEYS
from tests.api.known_texts import KnownTexts
from tests.api.live import live

ARGUMENTS: dict[str, list[Any]] = {"user_ids": [], "events": [], "feedback": []}
ASKED_OTHERWISE = {
    ("GET", "/recommendations/{user_id}"),  # POST takes any id
    ("DELETE", "/users/{user_id}"),  # so does POST /erasures
    ("GET", "/explorer"),  # for people
}
HEAVY = {"fastapi", "starlette", "torch", "pyarrow", "psycopg", "neo4j", "pymongo", "pymilvus"}


@pytest.fixture(scope="module")
def url(api_settings: ApiSettings, dataset: Dataset) -> Iterator[str]:
    embedder = KnownTexts(dataset)
    with live(api_settings, {get_embedder: lambda: embedder}) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, SecretStr(KEYS[Role.ADMIN])) as client:
        yield client


@pytest.fixture
async def awaited(url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url, KEYS[Role.ADMIN]) as client:
        yield client


def test_recommendations_come_as_typed_replies_with_what_the_headers_say(
    client: Client, dataset: Dataset
) -> None:
    answer = client.recommendations(dataset.id("ada"), limit=1, tags=["camping"])
    [item] = answer.body.items
    assert item.campaign_id == dataset.id("lamps")
    assert item.explanation is not None
    assert item.explanation.graph is not None
    assert answer.request_id
    assert answer.cache in ("hit", "miss")
    assert answer.release_age_seconds is not None


def test_a_text_and_many_users_are_recommended_for(client: Client, dataset: Dataset) -> None:
    by_text = client.recommendations(text="Is the lamp bright enough to read by?", explain=False)
    assert by_text.body.strategy == "text"
    many = client.recommendations_of_many(
        [dataset.id("ada"), dataset.id("ben")], limit=1, on=CARDS_END_ON
    )
    assert [each.user_id for each in many.body.items] == [dataset.id("ada"), dataset.id("ben")]
    assert [each.reply.on for each in many.body.items if each.reply] == [CARDS_END_ON] * 2


def test_everything_that_is_read_is_read_by_a_method(client: Client, dataset: Dataset) -> None:
    ada, boots = dataset.id("ada"), dataset.id("boots")
    assert client.user_profile(ada).body.message_count == 3
    assert client.user_engagement(ada).body.campaign_count == 2
    [first, *_] = client.user_timeline(ada, limit=2).body.messages
    assert len(client.user_timeline(ada, before=first.sent_at).body.messages) == 2
    assert client.similar_users(ada, limit=1).body.users
    assert client.campaign(boots).body.name == "Boots for all weathers"
    assert client.campaign_performance(boots).body.performance_score == 0.81
    assert client.campaign_audience(boots).body.users_by_level["low"] == 4
    assert client.similar_campaigns(boots).body.campaigns
    assert client.campaign_feedback(boots).body.campaign_id == boots
    assert client.trending_campaigns(limit=2).body.campaigns[0].rank == 1
    [found] = client.search_messages(first.text, user_id=ada, limit=1).body.messages
    assert found.message_id == first.message_id
    assert client.message_provenance(first.message_id).body.source.batch == dataset.id("batch-1")
    current = client.current_release().body
    assert client.release(current.release_id).body == current
    assert client.health().body.status == "ok"
    assert "mpp_api_requests_total" in client.metrics().body


async def test_the_same_methods_are_awaited(awaited: AsyncClient, dataset: Dataset) -> None:
    answer = await awaited.recommendations(dataset.id("ada"))
    assert answer.body.items[0].campaign_id == dataset.id("lamps")
    assert (await awaited.user_profile(dataset.id("ben"))).body.campaign_count == 3
    with pytest.raises(NotFound, match="nobody"):
        await awaited.user_profile(dataset.id("nobody"))


def test_every_page_of_a_list_is_iterated_over_once(client: Client, dataset: Dataset) -> None:
    users = [user.user_id for user in client.every_user(prefix=dataset.prefix, page_size=2)]
    assert users == [dataset.id(name) for name in ("ada", "ben", "cid", "dot", "eve", "fay")]
    campaigns = [each.campaign_id for each in client.every_campaign(page_size=4)]
    assert len(campaigns) == len(set(campaigns)) == 9
    ranks = [
        item.rank
        for item in client.every_recommendation(dataset.id("ada"), page_size=1, exclude_seen=False)
    ]
    assert ranks == list(range(1, len(ranks) + 1))
    assert len(list(client.every_message_of_user(dataset.id("eve"), page_size=4))) == 6
    assert len(list(client.everybody_in_audience(dataset.id("boots"), page_size=3))) == 4
    releases = [release.release_id for release in client.every_release(page_size=1)]
    assert len(releases) == len(set(releases)) >= 1
    [served] = [each for each in client.every_release() if each.is_served]
    written = [each.asset for each in client.every_materialization(served.release_id, page_size=3)]
    assert "milvus/messages" in written
    page = client.materializations(served.release_id, limit=100).body.materializations
    assert written == [each.asset for each in page]


async def test_pages_are_iterated_over_with_async_for(
    awaited: AsyncClient, dataset: Dataset
) -> None:
    users = [user.user_id async for user in awaited.every_user(prefix=dataset.prefix, page_size=4)]
    assert len(users) == 6
    messages = [message.message_id async for message in awaited.every_message(page_size=5)]
    assert len(messages) == len(set(messages)) == len(dataset.messages)


def test_feedback_names_the_answer_and_a_dismissal_can_be_undone(
    client: Client, dataset: Dataset
) -> None:
    visitor = dataset.id("visitor-of-the-client")
    answer = client.recommendations(visitor, limit=1)
    [item] = answer.body.items
    dismissal = FeedbackRequest(
        request_id=answer.request_id,
        user_id=visitor,
        campaign_id=item.campaign_id,
        kind=FeedbackKind.DISMISS,
    )
    assert client.send_feedback([dismissal]).body.recorded == 1
    assert client.recommendations(visitor, limit=1).body.items[0].campaign_id != item.campaign_id
    [dismissed] = client.user_dismissals(visitor).body.dismissals
    assert (dismissed.campaign_id, dismissed.name) == (item.campaign_id, item.campaign.name)
    client.undo_dismissal(visitor, item.campaign_id)
    assert client.user_dismissals(visitor).body.dismissals == []
    assert client.recommendations(visitor, limit=1).body.items[0].campaign_id == item.campaign_id


def test_an_event_that_breaks_the_contract_is_rejected_by_name(client: Client) -> None:
    reply = client.send_events([{"user_id": "u042", "message": "no campaign, no time"}]).body
    assert (reply.accepted, reply.rejected) == (0, 1)
    assert reply.outcomes[0].reasons


def test_an_erasure_is_known_by_its_id(own_settings: ApiSettings, own_dataset: Dataset) -> None:
    with live(own_settings) as url, Client(url, KEYS[Role.ADMIN]) as client:
        requested = client.erase_user(own_dataset.id("a/b")).body
        assert client.erasure(requested.erasure_id).body.state == requested.state == "requested"


def test_problems_are_exceptions_that_say_what_to_repair(url: str, client: Client) -> None:
    with pytest.raises(InvalidInput) as refused:
        client.recommendations("ada", limit=0)
    assert [error.name for error in refused.value.errors] == ["limit"]
    with pytest.raises(InvalidInput, match="414"):
        client.search_messages("q" * MAX_QUERY_BYTES)
    with pytest.raises(NotFound) as unknown:
        client.campaign("nothing")
    assert (unknown.value.slug, unknown.value.status) == ("unknown-campaign", 404)
    assert unknown.value.request_id
    with Client(url, "mpp_nobody_nothing") as stranger, pytest.raises(NotAuthenticated):
        stranger.users()
    with Client(url, KEYS[Role.READ]) as reader, pytest.raises(NotPermitted, match="admin"):
        reader.erase_user("ada")


def test_an_id_that_no_path_can_carry_is_refused_before_it_is_sent(client: Client) -> None:
    for user_id in ("a/b", "..", ""):
        with pytest.raises(ValueError, match="path cannot carry"):
            client.user_profile(user_id)
    assert client.recommendations("a/b", limit=1).body.user_id == "a/b"


def test_nobody_at_the_address_is_retryable(dataset: Dataset) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with (
        Client(address, "key", retries=NO_RETRIES) as client,
        pytest.raises(NoAnswer) as failure,
    ):
        client.users()
    assert failure.value.retryable


def test_a_store_that_is_down_is_unavailable_and_health_still_answers(
    api_settings: ApiSettings,
) -> None:
    with (
        live(without(api_settings, "postgres")) as url,
        Client(url, KEYS[Role.READ], retries=NO_RETRIES) as client,
    ):
        with pytest.raises(Unavailable) as failure:
            client.users()
        assert client.health().body.status == "down"
    assert failure.value.retryable
    assert failure.value.retry_after_seconds is not None


@pytest.mark.parametrize("body", [b"<html>no backend", b'{"title": "maintenance"}'])
def test_health_that_a_proxy_answers_for_is_unavailable(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(503, content=body))
    with (
        Client("http://api", "key", retries=NO_RETRIES, transport=transport) as client,
        pytest.raises(Unavailable),
    ):
        client.health()


def test_an_answer_of_something_else_is_not_taken_for_a_reply(url: str) -> None:
    with Client(f"{url}/explorer", "key") as client, pytest.raises(NotFound):
        client.users()
    with Client(url, KEYS[Role.READ]) as client, pytest.raises(UnexpectedAnswer):
        client.send(get("/explorer", HealthReply))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_answer_and_is_not_followed(status: int) -> None:
    asked = []

    def moved(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(status, headers={"Location": "https://elsewhere/"}, text="moved")

    with Client("http://api", "key", transport=httpx.MockTransport(moved)) as client:
        calls = [client.metrics, client.report_page, lambda: client.undo_dismissal("ada", "boots")]
        for call in calls:
            with pytest.raises(
                UnexpectedAnswer, match=rf"{status} \(Location: https://elsewhere/\)"
            ):
                call()
    assert len(asked) == len(calls)


def test_the_key_is_shown_nowhere(client: Client) -> None:
    request = client._http.build_request("GET", "/users")
    assert KEYS[Role.ADMIN] not in repr(vars(client))
    assert KEYS[Role.ADMIN] not in repr(request.headers)


def test_a_key_may_end_as_the_file_does_that_it_was_read_from(url: str) -> None:
    with Client(url, SecretStr(f"{KEYS[Role.READ]}\r\n")) as client:
        assert client.users(limit=1).body.users


@pytest.mark.parametrize("key", ["", "\n", "mpp_sec ret", "mpp_sec\nret", "mpp_sécret"])
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_what_no_header_carries_is_no_key_and_is_not_shown(
    client: type[Client] | type[AsyncClient], key: str
) -> None:
    with pytest.raises(ValueError, match="not an API key") as refused:
        client("http://api", key)
    assert "mpp_" not in str(refused.value)


def methods_of(client: type[Client] | type[AsyncClient], sender: type) -> dict[str, Any]:
    """By name; without what every sender can do."""
    return {
        name: method
        for name, method in inspect.getmembers(client, inspect.isfunction)
        if not name.startswith("_") and not hasattr(sender, name)
    }


def test_both_clients_have_the_same_methods() -> None:
    methods, awaited = methods_of(Client, Sender), methods_of(AsyncClient, AsyncSender)
    assert methods.keys() == awaited.keys()
    for name, method in methods.items():
        ours, theirs = inspect.signature(method), inspect.signature(awaited[name])
        assert ours.parameters == theirs.parameters, name
        assert inspect.getdoc(method) == inspect.getdoc(awaited[name]), name


def test_each_operation_of_the_service_is_asked_by_a_method(api_settings: ApiSettings) -> None:
    asked: set[tuple[str, str]] = set()

    def note(request: httpx.Request) -> httpx.Response:
        asked.add((request.method, request.url.path))
        return httpx.Response(418)

    with Client("http://api", "key", transport=httpx.MockTransport(note)) as client:
        for method in methods_of(Client, Sender):
            bound = getattr(client, method)
            required = [
                parameter.name
                for parameter in inspect.signature(bound).parameters.values()
                if parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD
            ]
            with pytest.raises(ProblemAnswer):
                list(bound(*(ARGUMENTS.get(name, f"{{{name}}}") for name in required)))
    offered = {
        (method.upper(), path)
        for path, operations in create_app(api_settings).openapi()["paths"].items()
        for method in operations
    }
    assert offered - asked == ASKED_OTHERWISE
    assert asked <= offered


def test_importing_the_client_loads_nothing_that_the_service_runs_on() -> None:
    script = "import sys, mpp_api.client; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "httpx" in done.stdout.split()
    assert HEAVY.isdisjoint(done.stdout.split())
