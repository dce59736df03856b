"""Choosing the server in the role of Milvus. tests/stores/milvus runs on either."""

import json
from pathlib import Path

import pytest

from mpp_local.engines import chosen_milvus, engines_of
from mpp_local.engines.milvus_standalone import MilvusStandalone
from mpp_local.engines.milvus_wheel import server_folder
from mpp_local.stack import Stack
from tests.local.commands import Mpp


def product(stack: Stack) -> str:
    return next(engine.product for engine in engines_of(stack) if engine.name == "milvus")


def test_a_stack_runs_milvus_lite_unless_told_otherwise(tmp_path: Path) -> None:
    stack = Stack(tmp_path)

    assert chosen_milvus(stack, {}) == "lite"
    assert product(stack) == "milvus-lite"


def test_a_stack_keeps_the_server_that_it_was_told_to_run(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.milvus = chosen_milvus(stack, {"MPP_LOCAL_MILVUS": "standalone"})
    stack.save()

    again = Stack.load(tmp_path)
    assert chosen_milvus(again, {}) == "standalone"
    assert "Milvus 2.3.5" in product(again)
    assert chosen_milvus(again, {"MPP_LOCAL_MILVUS": "lite"}) == "lite"


def test_a_server_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    done = Mpp(tmp_path, MPP_LOCAL_MILVUS="cluster")("up")

    assert done.returncode == 1
    assert done.stderr == "MPP_LOCAL_MILVUS is 'cluster'; it can be lite or standalone\n"


def test_where_the_wheel_cannot_be_installed_one_sentence_says_what_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(RuntimeError) as failure:
        server_folder()

    assert "its wheel exists for Linux on x86_64 and macOS 12" in str(failure.value)
    assert "MPP_LOCAL_MILVUS=lite" in str(failure.value)
    assert "\n" not in str(failure.value)


def test_every_port_of_the_standalone_server_is_one_of_the_stacks(tmp_path: Path) -> None:
    stack, server = Stack(tmp_path), MilvusStandalone()
    stack.assign_ports(server.default_ports, must_be_free=True)

    server.prepare(stack)

    folder = stack.engine_folder("milvus-standalone") / "configs"
    configuration = json.loads((folder / "milvus.yaml").read_text())
    etcd = json.loads((folder / "etcd.yaml").read_text())
    configured = [
        *(part[key] for part in configuration.values() for key in part if "ort" in key),
        *(int(etcd[key].rpartition(":")[2]) for key in ("listen-client-urls", "listen-peer-urls")),
    ]
    # The port of metrics and health is in its environment.
    assert {*configured, stack.ports["milvus-http"]} == set(stack.ports.values())
    assert all("127.0.0.1" in address for address in etcd.values())
