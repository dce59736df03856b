"""Commands that use the pipeline and its results."""

import typer


def register(app: typer.Typer) -> None:
    """Add the pipeline's commands to `mpp`."""
