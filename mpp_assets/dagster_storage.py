"""Dagster's storage in Postgres, over connections that are kept."""

import functools
from collections.abc import Mapping
from typing import Any, Self

import dagster as dg
from dagster._config.config_schema import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine
from sqlalchemy import Engine


class PooledPostgresStorage(DagsterPostgresStorage):
    """That of dagster-postgres, which by itself connects anew for every query.

    The daemon and its sensors ask all the time, and each connection costs Postgres a process and
    its client the derivation of a key: a quarter of a core of a stack with nothing to do.

    `dagster.yaml` names this class. The web server goes on to replace the connections by its own,
    on which a query that takes too long is ended.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = _engine(postgres_url)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"postgres_url": dg.StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(config_value["postgres_url"], inst_data)


@functools.cache
def _engine(postgres_url: str) -> Engine:
    """One a process: the code server makes an instance for each look of a sensor."""
    return create_pg_engine(
        postgres_url,
        isolation_level="AUTOCOMMIT",
        # Five are kept. Whoever needs more at a time connects, as everybody did without a pool.
        max_overflow=-1,
        # Postgres may have been restarted since.
        pool_pre_ping=True,
    )
