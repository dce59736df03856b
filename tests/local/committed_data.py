"""Writing one committed row to each engine with its driver, and reading it back."""

from collections.abc import Mapping
from contextlib import closing
from typing import Protocol

import psycopg
from neo4j import Driver, GraphDatabase
from pymilvus import DataType, MilvusClient
from pymongo import MongoClient
from redis import Redis

VALUE = "survives"


class CommittedRow(Protocol):
    """One row with the content `VALUE`."""

    def write(self, environment: Mapping[str, str]) -> None: ...

    def read(self, environment: Mapping[str, str]) -> str | None: ...


class PostgresRow:
    def write(self, environment: Mapping[str, str]) -> None:
        with psycopg.connect(environment["MPP_POSTGRES_URL"]) as connection:
            connection.execute("CREATE TABLE survivor (value text)")
            connection.execute("INSERT INTO survivor VALUES (%s)", [VALUE])

    def read(self, environment: Mapping[str, str]) -> str | None:
        with psycopg.connect(environment["MPP_POSTGRES_URL"]) as connection:
            row = connection.execute("SELECT value FROM survivor").fetchone()
            return row[0] if row else None


class GraphNode:
    def write(self, environment: Mapping[str, str]) -> None:
        with self._driver(environment) as driver:
            driver.execute_query("CREATE (:Survivor {value: $value})", value=VALUE)

    def read(self, environment: Mapping[str, str]) -> str | None:
        with self._driver(environment) as driver:
            found = driver.execute_query("MATCH (s:Survivor) RETURN s.value AS value").records
            return found[0]["value"] if found else None

    def _driver(self, environment: Mapping[str, str]) -> Driver:
        user, password = environment["MPP_NEO4J_USER"], environment["MPP_NEO4J_PASSWORD"]
        return GraphDatabase.driver(environment["MPP_NEO4J_URI"], auth=(user, password))


class MongoDocument:
    def write(self, environment: Mapping[str, str]) -> None:
        with MongoClient[dict[str, str]](environment["MPP_MONGO_URI"]) as client:
            client["survival"]["survivors"].insert_one({"value": VALUE})

    def read(self, environment: Mapping[str, str]) -> str | None:
        with MongoClient[dict[str, str]](environment["MPP_MONGO_URI"]) as client:
            document = client["survival"]["survivors"].find_one({})
            return document["value"] if document else None


class MilvusRow:
    """Inserted without a flush: acknowledged is committed."""

    def write(self, environment: Mapping[str, str]) -> None:
        with closing(MilvusClient(environment["MPP_MILVUS_URI"])) as client:
            schema = client.create_schema()
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("value", DataType.VARCHAR, max_length=20)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
            client.create_collection("survivors", schema=schema)
            index = client.prepare_index_params()
            index.add_index("vector", index_type="FLAT", metric_type="COSINE")
            client.create_index("survivors", index)
            client.insert("survivors", [{"id": 1, "value": VALUE, "vector": [1.0, 0, 0, 0]}])

    def read(self, environment: Mapping[str, str]) -> str | None:
        with closing(MilvusClient(environment["MPP_MILVUS_URI"])) as client:
            client.load_collection("survivors")
            rows = client.query("survivors", filter="id == 1", output_fields=["value"])
            return rows[0]["value"] if rows else None


class RedisKey:
    def write(self, environment: Mapping[str, str]) -> None:
        with Redis.from_url(environment["MPP_REDIS_URL"], decode_responses=True) as client:
            client.set("survivor", VALUE)

    def read(self, environment: Mapping[str, str]) -> str | None:
        with Redis.from_url(environment["MPP_REDIS_URL"], decode_responses=True) as client:
            value: str | None = client.get("survivor")
            return value


ROWS: dict[str, CommittedRow] = {
    "postgres": PostgresRow(),
    "neo4j": GraphNode(),
    "mongo": MongoDocument(),
    "milvus": MilvusRow(),
    "redis": RedisKey(),
}
