from typing import Any

import httpx

MOST_PAGES = 100


async def pages(
    client: httpx.AsyncClient, path: str, items: str, **parameters: Any
) -> list[list[dict[str, Any]]]:
    """Every page of a list, by its cursors."""
    found = []
    cursor = ""
    for _ in range(MOST_PAGES):
        response = await client.get(path, params={**parameters, "cursor": cursor})
        assert response.status_code == 200, response.text
        found.append(response.json()[items])
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError(f"more than {MOST_PAGES} pages of {path}")


async def everything(
    client: httpx.AsyncClient, path: str, items: str, **parameters: Any
) -> list[dict[str, Any]]:
    return [item for page in await pages(client, path, items, **parameters) for item in page]
