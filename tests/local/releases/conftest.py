from pathlib import Path

import pytest

from mpp_stores.settings import StoreSettings


@pytest.fixture
def empty_platform(own_database: StoreSettings, tmp_path: Path) -> StoreSettings:
    """A platform that nothing was published on, with a home of its own."""
    return own_database.model_copy(update={"home": tmp_path})
