"""Running `mpp` on a stack of its own."""

import os
import subprocess
import sys
from pathlib import Path

from mpp_local.engines import MILVUS_SETTING
from mpp_local.stack import Stack
from mpp_local.status import ComponentStatus, stack_status
from tests.stacks import address_settings


class Mpp:
    """The `mpp` command on the stack in `home`, whatever stores this process itself uses.

    `external` holds the `MPP_*` addresses of engines that it shall not start.
    """

    def __init__(self, home: Path, **external: str) -> None:
        self.home = home
        own = {MILVUS_SETTING, *address_settings(home)}
        inherited = {name: value for name, value in os.environ.items() if name not in own}
        self._environment = {**inherited, **external, "MPP_HOME": str(home)}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.begin(*arguments) as process:
            stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """The command while it runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "mpp_local", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def status(self) -> dict[str, ComponentStatus]:
        """What `mpp status` shows, by component."""
        return {row.component: row for row in stack_status(Stack.load(self.home))}
