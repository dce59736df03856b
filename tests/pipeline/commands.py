"""The platform's commands, run as a person would, in the project's folder."""

import os
import subprocess
from pathlib import Path

PROJECT_ROOT = Path(__file__).parents[2]
MPP = ".venv/bin/mpp"


def attempt(*command: str) -> subprocess.CompletedProcess[str]:
    """A shell command and what it printed, whether or not it succeeds."""
    return subprocess.run(
        command, cwd=PROJECT_ROOT, env=os.environ, stdout=subprocess.PIPE, text=True, check=False
    )


def run(*command: str) -> str:
    """What a shell command prints; it must succeed."""
    finished = attempt(*command)
    assert finished.returncode == 0, f"{' '.join(command)}: {finished.stdout}"
    return finished.stdout
