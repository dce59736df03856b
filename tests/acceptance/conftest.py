"""What the README promises, run as a reader would.

These tests come first (by the folder's name), on stores that nobody else has
written to yet.
"""

import os
import subprocess
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def first_make_up(stack: dict[str, str]) -> str:
    """The output of `make up` on empty stores."""
    return run("make", "up")
