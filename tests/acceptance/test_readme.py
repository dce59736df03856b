"""The README's commands, as it shows them."""

import re
import shlex

import pytest

from tests.pipeline.commands import PROJECT_ROOT, run

README = (PROJECT_ROOT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
# `make up` ran before, `make test` is what runs this, `make down` would end the stack.
RUN_OTHERWISE = {"make up", "make test", "make down"}

# The seed file that the README ingests is among the dropped ones by then.
pytestmark = pytest.mark.usefixtures("publication")


def test_the_readme_opens_with_the_two_commands():
    assert COMMANDS[:2] == ["make up", "make test"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in RUN_OTHERWISE])
def test_the_command_works(command: str):
    run(*shlex.split(command))
