"""What is printed on a wide console that is no terminal."""

import io
from collections.abc import Callable

from rich.console import Console


def shown(print_on: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=160)
    print_on(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
