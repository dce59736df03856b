"""The five engines, each the local counterpart of one production store."""

from mpp_local.component import Engine
from mpp_local.engines.arcadedb import ArcadeDb
from mpp_local.engines.milvus_lite import MilvusLite
from mpp_local.engines.nx27017 import Nx27017
from mpp_local.engines.postgres import Postgres
from mpp_local.engines.valkey import Valkey

ENGINES: tuple[Engine, ...] = (Postgres(), ArcadeDb(), Nx27017(), MilvusLite(), Valkey())
