"""A pipeline of the test's own."""

from pathlib import Path

import pytest

from mpp_stores.settings import StoreSettings


@pytest.fixture
def own_pipeline(
    own_database: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StoreSettings:
    """The environment names it: an empty home, a database of its own, the stores of all."""
    monkeypatch.setenv("MPP_HOME", str(tmp_path))
    monkeypatch.setenv("MPP_POSTGRES_URL", own_database.postgres_url.get_secret_value())
    return own_database.model_copy(update={"home": tmp_path})
