from typing import Any

import httpx


async def pages(
    client: httpx.AsyncClient, path: str, items: str, **parameters: Any
) -> list[list[dict[str, Any]]]:
    """Every page of a list, by its cursors."""
    found = []
    cursor = ""
    while True:
        response = await client.get(path, params={**parameters, "cursor": cursor})
        assert response.status_code == 200, response.text
        found.append(response.json()[items])
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return found


async def everything(
    client: httpx.AsyncClient, path: str, items: str, **parameters: Any
) -> list[dict[str, Any]]:
    return [item for page in await pages(client, path, items, **parameters) for item in page]
