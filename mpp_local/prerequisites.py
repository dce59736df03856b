"""What must be installed before the project is: a suitable Python, and Java for Spark.

Run as a script, before the virtual environment exists: standard library only, and
nothing that Python 3.7 cannot parse.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
JAVA_FIX = "sudo apt-get install openjdk-17-jre-headless (macOS: brew install openjdk@17)"


def python_problem(version: tuple[int, ...]) -> str | None:
    """What is wrong with this Python version, in one sentence with the fix."""
    if version >= OLDEST_PYTHON:
        return None
    return (
        f"Python {_dotted(OLDEST_PYTHON)} or newer is needed and this is {_dotted(version)}: "
        "install a newer one and run make PYTHON=/path/to/python"
    )


def java_problem(java: str | None) -> str | None:
    """What is wrong with the Java at this path (`None`: not found), in one sentence with the fix.

    Only running it tells: macOS has a `java` that merely offers to install one.
    """
    version = _java_version(java) if java else None
    if version is None:
        found = f"was not found at {java}" if java else "was not found"
    elif version < OLDEST_JAVA:
        found = f"only Java {version} was found ({java})"
    else:
        return None
    return f"Java {OLDEST_JAVA} or newer is needed by Spark and {found}: {JAVA_FIX}"


def find_java() -> str | None:
    """The Java that Spark would start: that of JAVA_HOME, else the first in PATH."""
    home = os.environ.get("JAVA_HOME")
    if home:
        return os.path.join(home, "bin", "java")  # noqa: PTH118
    return shutil.which("java")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _java_version(java: str) -> int | None:
    try:
        done = subprocess.run(  # noqa: S603
            [java, "-version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError:
        return None
    # `openjdk version "17.0.15"`; until Java 8 the first number was 1: `"1.8.0_292"`.
    match = re.search(r'version "(?:1\.)?(\d+)', done.stdout)
    return int(match.group(1)) if match else None


def main() -> None:
    problems = [python_problem(sys.version_info[:2]), java_problem(find_java())]
    found = [problem for problem in problems if problem]
    for problem in found:
        sys.stderr.write(problem + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
