"""Engines that run elsewhere, because the environment gives their address."""

from collections.abc import Iterable, Mapping

from mpp_local.component import Engine
from mpp_local.stack import Stack


def declared_external(
    stack: Stack, engines: Iterable[Engine], environ: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """The `MPP_*` variables of every engine whose address `environ` sets, by engine.

    An address that is this stack's own does not count: whoever exported
    `stack_environment` and calls `mpp up` again means the engine that the stack runs.
    """
    external = {}
    for engine in engines:
        address = environ.get(engine.settings[0])
        if address and address != _own_address(stack, engine):
            external[engine.name] = {
                setting: environ[setting] for setting in engine.settings if environ.get(setting)
            }
    return external


def _own_address(stack: Stack, engine: Engine) -> str | None:
    if any(port not in stack.ports for port in engine.default_ports):
        return None
    return engine.environment(stack)[engine.settings[0]]
