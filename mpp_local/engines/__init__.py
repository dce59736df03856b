"""The five engines, each the local counterpart of one production store."""

from collections.abc import Mapping

from mpp_local.component import Engine
from mpp_local.engines.arcadedb import ArcadeDb
from mpp_local.engines.milvus_lite import MilvusLite
from mpp_local.engines.milvus_standalone import MilvusStandalone
from mpp_local.engines.nx27017 import Nx27017
from mpp_local.engines.postgres import Postgres
from mpp_local.engines.valkey import Valkey
from mpp_local.stack import Stack

MILVUS_SETTING = "MPP_LOCAL_MILVUS"

_POSTGRES, _NEO4J, _MONGO, _REDIS = Postgres(), ArcadeDb(), Nx27017(), Valkey()
_MILVUS: dict[str, Engine] = {"lite": MilvusLite(), "standalone": MilvusStandalone()}


def engines_of(stack: Stack) -> tuple[Engine, ...]:
    """Those that the stack runs, unless they are external."""
    return (_POSTGRES, _NEO4J, _MONGO, _MILVUS[stack.milvus], _REDIS)


def chosen_milvus(stack: Stack, environ: Mapping[str, str]) -> str:
    """The server that `MPP_LOCAL_MILVUS` names; when it is not set, the one the stack has.

    Each has data of its own, so that a stack changes it only when asked to. Raises
    `RuntimeError` with the names that there are.
    """
    chosen = environ.get(MILVUS_SETTING) or stack.milvus
    if chosen not in _MILVUS:
        raise RuntimeError(f"{MILVUS_SETTING} is {chosen!r}; it can be {' or '.join(_MILVUS)}")
    return chosen
