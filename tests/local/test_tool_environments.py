import subprocess
import sys
import textwrap
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mpp_local.tool_environments import MARKER, ensure

INFORMATION = "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip looks at no index, so that nothing here depends on the network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache"


@pytest.fixture
def greeter(tmp_path: Path) -> str:
    """A wheel of a command that greets."""
    path = tmp_path / "greeter-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("greeter.py", "def main():\n    print('hello')\n")
        wheel.writestr("greeter-1.0.dist-info/METADATA", INFORMATION)
        wheel.writestr("greeter-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr(
            "greeter-1.0.dist-info/entry_points.txt", "[console_scripts]\ngreet=greeter:main\n"
        )
        wheel.writestr("greeter-1.0.dist-info/RECORD", "")
    return str(path)


def output_of(*command: Path | str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_tool_runs_in_an_environment_without_the_platforms_packages(greeter: str) -> None:
    binaries = ensure("greeter", [greeter])

    found = "import importlib.util as u; print(u.find_spec('greeter') and not u.find_spec('typer'))"
    assert output_of(binaries / "greet") == "hello"
    assert output_of(binaries / "python", "-P", "-c", found) == "True"


def test_requirements_may_be_a_file(greeter: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"{greeter}\n")

    assert output_of(ensure("greeter", file) / "greet") == "hello"


def test_an_environment_is_built_once_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    first = ensure("bare", [])
    said = capfd.readouterr().err

    assert ensure("bare", []) == first
    assert f"bare: installing it into {first.parent}, once" in said
    assert capfd.readouterr().err == ""


def test_other_requirements_get_another_environment(greeter: str) -> None:
    assert ensure("tool", [greeter]) != ensure("tool", [])


def test_an_environment_that_was_not_finished_is_built_again() -> None:
    binaries = ensure("bare", [])
    (binaries.parent / MARKER).unlink()
    (binaries.parent / "left-over").touch()

    assert ensure("bare", []) == binaries
    assert not (binaries.parent / "left-over").exists()


def test_processes_that_want_the_same_build_it_one_after_the_other() -> None:
    script = textwrap.dedent(
        """
        from mpp_local.tool_environments import ensure
        print(ensure("bare", []))
        """
    )

    def run(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, range(2)))

    assert len({process.stdout for process in done}) == 1
    assert "".join(process.stderr for process in done).count("installing it into") == 1


def test_what_pip_cannot_install_is_one_sentence_and_is_tried_again(
    tmp_path: Path, own_cache: Path
) -> None:
    absent = str(tmp_path / "absent-1.0-py3-none-any.whl")
    for _ in range(2):
        with pytest.raises(RuntimeError) as failure:
            ensure("absent", [absent])
        assert "absent could not be installed: " in str(failure.value)
        assert "\n" not in str(failure.value)
    assert not list(own_cache.glob(f"*/*/{MARKER}"))
