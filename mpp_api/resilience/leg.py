"""Which store's share of a reply: apart from what runs it, for those who only read replies."""

from enum import StrEnum


class Leg(StrEnum):
    VECTOR = "vector"
    GRAPH = "graph"
    TABLE = "table"
    DOCUMENT = "document"
    MODEL = "model"

    @property
    def store(self) -> str:
        return _STORE_OF_LEG[self]


_STORE_OF_LEG = {
    Leg.VECTOR: "milvus",
    Leg.GRAPH: "neo4j",
    Leg.TABLE: "postgres",
    Leg.DOCUMENT: "mongo",
    Leg.MODEL: "model",
}
