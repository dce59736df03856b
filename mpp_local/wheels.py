"""What is installed, without importing it."""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path


def package_folder(package: str) -> Path:
    """The installed folder of a package whose binaries we run.

    Raises `RuntimeError` with the command that installs it.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            f"the Python package {package} is not installed in {sys.prefix}: "
            "run `pip install -r requirements.lock`, or set the engine's MPP_* address"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def installed_packages() -> list[str]:
    """Each with its version: `uvicorn-0.38.0.dist-info`."""
    folder = Path(sysconfig.get_path("purelib"))
    return sorted(package.name for package in folder.glob("*.dist-info"))


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter.

    Not the script of the same name in `bin/`: its first line breaks when an
    environment moves. `-P` keeps the working directory out of `sys.path`.
    """
    return [_interpreter(), "-P", "-m", module, *arguments]


def _interpreter() -> str:
    """One name for this interpreter, whichever of its names started us.

    A program whose command line changes is restarted.
    """
    running = Path(sys.executable)
    full_name = running.with_name(f"python{sys.version_info.major}.{sys.version_info.minor}")
    return str(full_name if full_name.exists() else running)
