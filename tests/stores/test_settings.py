"""Addresses that must not hold what nobody may see."""

import pytest
from pydantic import ValidationError

from mpp_stores.settings import StoreSettings

ADDRESSES = {
    "postgres_url": "postgresql://us:pass@db/mpp",
    "neo4j_uri": "bolt://graph:7687",
    "neo4j_password": "pass",
    "mongo_uri": "mongodb://us:pass@documents",
    "milvus_uri": "http://vectors:19530",
    "redis_url": "redis://:pass@cache",
}


@pytest.mark.parametrize(
    ("variable", "uri", "instead"),
    [
        ("MPP_NEO4J_URI", "bolt://us:hunter2@graph:7687", "MPP_NEO4J_USER and MPP_NEO4J_PASSWORD"),
        ("MPP_NEO4J_URI", "bolt:/us:hunter2@graph", "MPP_NEO4J_USER and MPP_NEO4J_PASSWORD"),
        ("MPP_MILVUS_URI", "https://us:hunter2@vectors:19530", "MPP_MILVUS_TOKEN"),
    ],
)
def test_an_address_that_is_shown_may_hold_no_password(
    variable: str, uri: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ADDRESSES.items():
        monkeypatch.setenv(f"MPP_{name.upper()}", value)
    assert StoreSettings().neo4j_uri == ADDRESSES["neo4j_uri"]
    monkeypatch.setenv(variable, uri)
    with pytest.raises(ValidationError, match=f"{variable} holds credentials: set {instead}") as e:
        StoreSettings()
    assert "hunter2" not in str(e.value)
