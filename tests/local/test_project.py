from pathlib import Path

import pytest

from mpp_local.project import served_code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("dagster.yaml", "mpp_api/main.py", "mpp_assets/jobs/page.html.j2", "docs/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["dagster.yaml", "mpp_api/main.py", "mpp_assets/jobs/page.html.j2"]
)
def test_whatever_is_served_changes_the_digest(root: Path, name: str) -> None:
    before = served_code(root)
    (root / name).write_text("changed")
    assert served_code(root) != before
    (root / name).write_text(name)
    assert served_code(root) == before
    (root / name).rename(root / "mpp_api/new_name.py")
    assert served_code(root) != before


def test_what_is_compiled_or_not_served_changes_nothing(root: Path) -> None:
    before = served_code(root)
    (root / "docs/a.md").write_text("changed")
    (root / "mpp_api/__pycache__").mkdir()
    (root / "mpp_api/__pycache__/main.cpython-311.pyc").write_bytes(b"\0")
    assert served_code(root) == before
