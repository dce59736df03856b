"""What must be installed before the project is: a suitable Python, and Java for Spark. Its
tests need a browser too, for which run this with the argument `browser`.

Run as a script, before the virtual environment exists: standard library only, and
nothing that Python 3.7 cannot parse.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
JAVA_FIX = "sudo apt-get install openjdk-17-jre-headless (macOS: brew install openjdk@17)"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_DRIVER = "chromedriver"
BROWSER_PACKAGES = ("chromium", "chromium-driver")
BROWSER_FIX = (
    f"sudo apt-get install {' '.join(BROWSER_PACKAGES)} "
    "(macOS: brew install --cask chromium chromedriver)"
)


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


def find_browser() -> str | None:
    """The browser that the tests of the explorer page start."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def find_browser_driver() -> str | None:
    """What takes the tests' orders to the browser."""
    return shutil.which(BROWSER_DRIVER)


def browser_problem(browser: str | None, driver: str | None) -> str | None:
    """What is missing (`None`: not found), in one sentence with the fix."""
    found = {"Chromium": browser, BROWSER_DRIVER: driver}
    missing = [name for name, path in found.items() if not path]
    if not missing:
        return None
    return f"The tests need {' and '.join(missing)}, not found here: {BROWSER_FIX}"


def install_browser() -> None:
    """By Debian's packages, as root only. Whether it worked is for `browser_problem` to say."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or os.geteuid() != 0:
        return
    sys.stderr.write(f"Installing {' '.join(BROWSER_PACKAGES)}.\n")
    install = ["install", "--yes", "--no-install-recommends", *BROWSER_PACKAGES]
    for arguments in (["update"], install):
        subprocess.run(  # noqa: S603
            [apt_get, "--quiet=2", *arguments],
            env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"),
            stdout=sys.stderr,
            check=False,
        )


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


def main(arguments: Sequence[str]) -> None:
    if "browser" in arguments:
        if browser_problem(find_browser(), find_browser_driver()):
            install_browser()
        problems = [browser_problem(find_browser(), find_browser_driver())]
    else:
        problems = [python_problem(sys.version_info[:2]), java_problem(find_java())]
    found = [problem for problem in problems if problem]
    for problem in found:
        sys.stderr.write(problem + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
