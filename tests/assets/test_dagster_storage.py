"""Dagster's storage, on the instance that `dagster.yaml` describes."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import dagster as dg
import pytest
from dagster_postgres.utils import get_conn_string
from psycopg.conninfo import conninfo_to_dict

from mpp_local.project import PROJECT_ROOT
from mpp_stores.postgres.connection import connect
from mpp_stores.settings import StoreSettings

MOST_KEPT = 5
SESSIONS = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
END_OTHERS = OTHERS.replace("count(*)", "pg_terminate_backend(pid)")


@pytest.fixture
def instance(own_database: StoreSettings, tmp_path, monkeypatch) -> Iterator[dg.DagsterInstance]:
    database = conninfo_to_dict(own_database.postgres_url.get_secret_value())
    url = get_conn_string(
        username=database["user"],
        password=database.get("password", ""),
        hostname=database["host"],
        db_name=database["dbname"],
        port=database["port"],
        scheme="postgresql+psycopg2",
    )
    monkeypatch.setenv("MPP_DAGSTER_POSTGRES_URL", url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy2(PROJECT_ROOT / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.get() as instance:
        yield instance


def sessions(settings: StoreSettings) -> int:
    with connect(settings) as connection:
        [[count]] = connection.execute(SESSIONS).fetchall()
    return int(count)


def use(instance: dg.DagsterInstance) -> None:
    """Each of the three storages."""
    instance.get_runs()
    instance.all_instigator_state()
    instance.get_asset_keys()


def test_queries_of_a_process_share_connections(instance, own_database):
    use(instance)
    before = sessions(own_database)
    for _ in range(10):
        use(instance)
    assert sessions(own_database) - before <= MOST_KEPT


def test_instances_of_a_process_share_them_too(instance, own_database):
    with ExitStack() as others:
        for _ in range(3):
            use(others.enter_context(dg.DagsterInstance.from_ref(instance.get_ref())))
        with connect(own_database) as connection:
            [[kept]] = connection.execute(OTHERS).fetchall()
    assert 0 < kept <= MOST_KEPT


def test_a_connection_that_postgres_ended_is_replaced(instance, own_database):
    use(instance)
    with connect(own_database) as connection:
        assert connection.execute(END_OTHERS).fetchall()
    use(instance)
