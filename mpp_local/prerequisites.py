"""What must be installed before the project is: a suitable Python that can make virtual
environments, and Java for Spark. Its tests need a browser too, for which run this with the
argument `browser`.

Run as a script, before the virtual environment exists: standard library only, and
nothing that Python 3.7 cannot parse.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_DRIVERS = ("chromedriver", "chromium.chromedriver")
BROWSER_PACKAGES = ("chromium", "chromium-driver")

# What installs it, by `find_platform`; empty: anywhere else.
JAVA_FIXES = {
    "debian": "sudo apt-get install default-jre-headless",
    "ubuntu": "sudo apt-get install openjdk-17-jre-headless",
    "fedora": "sudo dnf install java-25-openjdk-headless",
    "macos": "brew install --cask temurin@17",
    "": "install it, and set JAVA_HOME where it is not in PATH",
}
BROWSER_FIXES = {
    "debian": f"sudo apt-get install {' '.join(BROWSER_PACKAGES)}",
    "ubuntu": "sudo snap install chromium",
    "fedora": "sudo dnf install chromium chromedriver",
    "": "put both, of one version, into PATH",
}


def find_platform() -> str:
    """`macos`, or how /etc/os-release names this Linux, such as `debian`; else empty."""
    if sys.platform == "darwin":
        return "macos"
    try:
        release = Path("/etc/os-release").read_text()
    except OSError:
        return ""
    match = re.search(r'^ID="?([a-z0-9._-]+)', release, flags=re.MULTILINE)
    return match.group(1) if match else ""


def python_problem(version: tuple[int, ...]) -> str | None:
    """What is wrong with this Python version, in one sentence with the fix."""
    if version >= OLDEST_PYTHON:
        return None
    return (
        f"Python {_dotted(OLDEST_PYTHON)} or newer is needed and this is {_dotted(version)}: "
        "install a newer one and run make PYTHON=/path/to/python"
    )


def venv_problem(version: tuple[int, ...], platform: str, *, has_ensurepip: bool) -> str | None:
    """Why this Python makes no virtual environment with pip in it, in one sentence with the fix.

    Debian and Ubuntu have that part in a package of its own, and `venv` would leave a broken
    environment behind.
    """
    if has_ensurepip:
        return None
    package = f"sudo apt-get install python{_dotted(version)}-venv"
    fixes = {"debian": package, "ubuntu": package, "": "install what your system calls python-venv"}
    return (
        f"Python {_dotted(version)} lacks ensurepip, which virtual environments need: "
        f"{_fix(fixes, platform)}"
    )


def java_problem(java: str | None, platform: str) -> str | None:
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
    return (
        f"Java {OLDEST_JAVA} or newer is needed by Spark and {found}: {_fix(JAVA_FIXES, platform)}"
    )


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
    return next((path for path in map(shutil.which, BROWSER_DRIVERS) if path), None)


def browser_problem(browser: str | None, driver: str | None, platform: str) -> str | None:
    """What is missing (`None`: not found), in one sentence with the fix."""
    found = {"Chromium": browser, "chromedriver": driver}
    missing = [name for name, path in found.items() if not path]
    if not missing:
        return None
    return (
        f"The tests need {' and '.join(missing)}, not found here: {_fix(BROWSER_FIXES, platform)}"
    )


def install_browser() -> None:
    """By Debian's packages, as root only. Whether it worked is for `browser_problem` to say."""
    apt_get = shutil.which("apt-get")
    if apt_get is None or find_platform() != "debian" or os.geteuid() != 0:
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


def _fix(fixes: Mapping[str, str], platform: str) -> str:
    return fixes.get(platform, fixes[""])


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
    platform, version = find_platform(), sys.version_info[:2]
    if "browser" in arguments:
        if browser_problem(find_browser(), find_browser_driver(), platform):
            install_browser()
        problems = [browser_problem(find_browser(), find_browser_driver(), platform)]
    else:
        has_ensurepip = importlib.util.find_spec("ensurepip") is not None
        problems = [
            python_problem(version) or venv_problem(version, platform, has_ensurepip=has_ensurepip),
            java_problem(find_java(), platform),
        ]
    found = [problem for problem in problems if problem]
    for problem in found:
        sys.stderr.write(problem + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
