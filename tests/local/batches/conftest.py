from pathlib import Path

import pytest

from mpp_local.runs import following
from tests.local.batches.pipeline import Pipeline


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "sleep", lambda _: None)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)
