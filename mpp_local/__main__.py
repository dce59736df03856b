"""`python -m mpp_local` is `mpp`."""

from mpp_local.cli import app

app()
