"""Where the project's own files are: `dagster.yaml` and `workspace.yaml` lie at its root."""

import hashlib
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
SERVED_PACKAGES = ("mpp_api", "mpp_assets", "mpp_stores")


def served_code(root: Path = PROJECT_ROOT) -> str:
    """A digest of what Dagster and the API are started with."""
    files = [file for package in SERVED_PACKAGES for file in (root / package).rglob("*")]
    digest = hashlib.sha256()
    for file in sorted([root / "dagster.yaml", *files]):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(f"{file.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
