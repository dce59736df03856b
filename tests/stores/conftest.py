from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest


@pytest.fixture(scope="session")
def two_processes() -> Iterator[ProcessPoolExecutor]:
    """For tests that kill none: each of them takes seconds to import what it runs."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        yield processes
