"""A stack that is supervised and computes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mpp_local import startup
from mpp_local.component import Program
from mpp_local.engines import engines_of
from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.startup import start_stack, stop_stack

NOWHERE = {
    "MPP_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/mpp",
    "MPP_NEO4J_URI": "bolt://127.0.0.1:1",
    "MPP_MONGO_URI": "mongodb://127.0.0.1:1",
    "MPP_MILVUS_URI": "http://127.0.0.1:1",
    "MPP_REDIS_URL": "redis://127.0.0.1:1",
}


@contextmanager
def idle_stack(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Its services sleep, its engines are elsewhere, and all are said to answer."""
    for name, address in NOWHERE.items():
        monkeypatch.setenv(name, address)
    stack = Stack.load_or_create(home)
    for component in (*engines_of(stack), *SERVICES):
        monkeypatch.setattr(type(component), "probe", lambda *_: None)
        monkeypatch.setattr(type(component), "prepare", lambda *_: None)
    for service in SERVICES:
        monkeypatch.setattr(type(service), "program", lambda *_: Program(["sleep", "900"], home))
    monkeypatch.setattr(startup, "prepare_instance", lambda _: None)
    try:
        yield stack
    finally:
        stop_stack(stack, print)


def start(stack: Stack, *, only_stores: bool = False) -> None:
    start_stack(stack, lambda _: None, print, only_stores=only_stores)
