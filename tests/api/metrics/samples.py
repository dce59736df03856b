import httpx


async def samples(client: httpx.AsyncClient) -> dict[str, float]:
    """Every sample of `/metrics` by name and labels."""
    response = await client.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
