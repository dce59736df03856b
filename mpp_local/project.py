"""Where the project's own files are: `dagster.yaml` and `workspace.yaml` lie at its root."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
