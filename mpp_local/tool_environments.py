"""Virtual environments for tools whose requirements do not fit the platform's own.

    ~/.cache/marketing-personalization-platform/      (XDG_CACHE_HOME, if set)
        airflow-3f2a90c1d4b7/        a virtual environment; `complete` in it says that it is
        airflow-3f2a90c1d4b7.lock    held by whoever builds it
        airflow-3f2a90c1d4b7.log     what pip said

The digest is of the requirements and the Python, so a changed requirement gets another
environment, and all checkouts of one user share them. Any of it may be deleted while
nothing uses it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mpp_local.locks import lock

CACHE_NAME = "marketing-personalization-platform"
MARKER = "complete"
PROGRESS_SECONDS = 10


def ensure(name: str, requirements: Sequence[str] | Path) -> Path:
    """The `bin` folder of an environment with these requirements, built when it is not there.

    `requirements` are arguments of `pip install`, or a requirements file. Says on stderr
    what it does, and waits when another process is building the same environment. Raises
    `RuntimeError` with one sentence when it cannot be built; the next call tries again.
    """
    environment = _cache_folder() / f"{name}-{_digest(requirements)}"
    marker, binaries = environment / MARKER, environment / "bin"
    if not marker.exists():
        environment.parent.mkdir(parents=True, exist_ok=True)
        with locked(environment.with_name(f"{environment.name}.lock"), name) as held:
            if not marker.exists():
                shutil.rmtree(environment, ignore_errors=True)
                _build(name, environment, requirements, held)
                marker.touch()
    return binaries


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / CACHE_NAME


def _digest(requirements: Sequence[str] | Path) -> str:
    wanted = requirements.read_text() if isinstance(requirements, Path) else list(requirements)
    python = [sys.base_prefix, *sys.version_info[:2]]
    return hashlib.sha256(json.dumps([python, wanted]).encode()).hexdigest()[:12]


@contextmanager
def locked(path: Path, name: str) -> Iterator[IO[str]]:
    """Keep two processes from installing `name` at the same time."""
    with path.open("w") as file:
        lock(file, say, f"another process to install {name}")
        yield file


def _build(name: str, environment: Path, requirements: Sequence[str] | Path, held: IO[str]) -> None:
    say(f"{name}: installing it into {environment}, once")
    started = time.monotonic()
    log_file = environment.with_name(f"{environment.name}.log")
    arguments = ["-r", str(requirements)] if isinstance(requirements, Path) else requirements
    commands = [[sys.executable, "-m", "venv", "--without-pip", str(environment)]]
    if arguments:
        # This interpreter's pip: one for the new environment would take longer than most tools.
        pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
        options = ["--disable-pip-version-check", "--no-input", "--no-compile"]
        commands.append([*pip, "install", *options, *arguments])
    with log_file.open("w") as log:
        for command in commands:
            # It holds the lock too: it goes on installing when this process is killed.
            process = subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=subprocess.STDOUT, pass_fds=[held.fileno()]
            )
            status = _followed(process, name, environment, started)
            if status != 0:
                raise RuntimeError(
                    f"{name} could not be installed: {_reason(log_file)} "
                    f"({log_file} has all that was said)"
                )
    say(f"{name}: installed in {time.monotonic() - started:.0f} s")


def _followed(
    process: subprocess.Popen[bytes], name: str, environment: Path, started: float
) -> int:
    while True:
        try:
            return process.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            count = sum(1 for _ in environment.glob("lib/*/site-packages/*.dist-info"))
            say(f"{name}: {count} packages in place after {time.monotonic() - started:.0f} s")


def _reason(log_file: Path) -> str:
    """pip's first `ERROR:`, else the last line."""
    lines = [line.strip() for line in log_file.read_text(errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    said = errors[:1] or [line for line in lines if line][-1:]
    return said[0] if said else "no reason was given"


def say(text: str) -> None:
    """A line on stderr, at once."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
