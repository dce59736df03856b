"""From the request on, an erased user is read nowhere, though the stores still hold the rows."""

import httpx

from mpp_api.dependencies import get_embedder
from mpp_api.settings import ApiSettings
from tests.api.conftest import serving
from tests.api.dataset import Dataset
from tests.api.known_texts import KnownTexts
from tests.api.pages import pages


async def test_an_erased_user_is_found_by_no_list_search_or_id(
    own_settings: ApiSettings, own_dataset: Dataset
) -> None:
    ben = own_dataset.id("ben")
    own_messages = [row for row in own_dataset.messages if row["user_id"] == ben]
    search = f"/messages/search?q={own_messages[0]['text']}"
    lists = [
        ("/users", "users"),
        ("/messages/latest", "messages"),
        (f"/campaigns/{own_dataset.id('boots')}/audience", "users"),
    ]
    others = [search, f"/users/{own_dataset.id('ada')}/similar"]
    embedder = KnownTexts(own_dataset)
    async with serving(own_settings, {get_embedder: lambda: embedder}) as client:
        before = await _read(client, lists, others)
        erased = await client.delete(f"/users/{ben}")
        after = await _read(client, lists, others)
        of_ben = [
            await client.get(path)
            for path in (
                f"/users/{ben}/profile",
                f"/users/{ben}/timeline",
                f"/users/{ben}/similar",
                f"/users/{ben}/engagement",
                f"/messages/{own_messages[0]['message_id']}/provenance",
            )
        ]
        searched = await client.get(search, params={"user_id": ben, "q": own_messages[0]["text"]})
    assert erased.status_code == 202
    assert [ben in text for text in before] == [True] * 5
    assert [ben in text for text in after] == [False] * 5
    assert [response.status_code for response in of_ben] == [404] * 5
    assert searched.json()["messages"] == []


async def _read(
    client: httpx.AsyncClient, lists: list[tuple[str, str]], others: list[str]
) -> list[str]:
    """The items of each list, over pages of one, and the other replies."""
    listed = [str(await pages(client, path, items, limit=1)) for path, items in lists]
    return [*listed, *[(await client.get(path)).text for path in others]]
