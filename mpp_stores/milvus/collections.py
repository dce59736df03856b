"""The two collections: their names, fields and index.

A stored message:

    {"message_id": "m-81f3…", "user_id": "u-17", "campaign_id": "spring-sale",
     "text": "Does the tent come in green?", "sent_at": 1710495000000000,
     "event_day": 19797, "materialization": "0f6c…", "embedding": [0.018, …]}

A stored user profile:

    {"user_id": "u-17", "message_count": 12, "last_at": 1710495000000000,
     "materialization": "0f6c…", "embedding": [0.031, …]}

Milvus has no type for time that all its servers share, so `sent_at` and
`last_at` are microseconds and `event_day` days since 1970-01-01 UTC: Arrow's own
representations of the two. `materialization` is the stamp of the write.
"""

from dataclasses import dataclass

from pymilvus import CollectionSchema, DataType, MilvusClient
from pymilvus.milvus_client import IndexParams

from mpp_stores.records import EMBEDDING_DIMENSION, MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS

MESSAGES = "messages"
USER_PROFILES = "user_profiles"

STAMP = "materialization"
EMBEDDING = "embedding"

# A write must be visible to the sweep and the count that follow it: a sweep that read an
# older state would delete the rows just written. Serving may lag by a few seconds, and
# does not wait for the next time tick (about 200 ms) as Strong does.
WRITING_CONSISTENCY = "Strong"
SERVING_CONSISTENCY = "Bounded"

_UTF8_BYTES_PER_CHARACTER = 4  # Milvus counts max_length in bytes
_ID_BYTES = MAX_ID_CHARACTERS * _UTF8_BYTES_PER_CHARACTER
_TEXT_BYTES = MAX_TEXT_CHARACTERS * _UTF8_BYTES_PER_CHARACTER


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: DataType
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Scalar fields of a collection, its primary key first.

    Every collection also holds the stamp and the embedding.
    """

    scalars: tuple[Field, ...]

    @property
    def key(self) -> str:
        return self.scalars[0].name

    @property
    def read_fields(self) -> list[str]:
        """What a reader gets: everything but the stamp."""
        return [*(field.name for field in self.scalars), EMBEDDING]

    def schema(self) -> CollectionSchema:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        for field in (*self.scalars, Field(STAMP, DataType.VARCHAR, _ID_BYTES)):
            limits = {} if field.max_bytes is None else {"max_length": field.max_bytes}
            schema.add_field(field.name, field.kind, is_primary=field.name == self.key, **limits)
        schema.add_field(EMBEDDING, DataType.FLOAT_VECTOR, dim=EMBEDDING_DIMENSION)
        return schema


MESSAGE_SHAPE = Shape(
    (
        Field("message_id", DataType.VARCHAR, _ID_BYTES),
        Field("user_id", DataType.VARCHAR, _ID_BYTES),
        Field("campaign_id", DataType.VARCHAR, _ID_BYTES),
        Field("text", DataType.VARCHAR, _TEXT_BYTES),
        Field("sent_at", DataType.INT64),
        Field("event_day", DataType.INT32),
    )
)

USER_PROFILE_SHAPE = Shape(
    (
        Field("user_id", DataType.VARCHAR, _ID_BYTES),
        Field("message_count", DataType.INT64),
        Field("last_at", DataType.INT64),
    )
)


def vector_index() -> IndexParams:
    """AUTOINDEX: the one type that every server has and tunes for itself.

    It becomes HNSW in Milvus and in milvus-lite. Naming HNSW would fix M and
    efConstruction here for collections of any size, and fails in a milvus-lite
    without faiss.
    """
    params = MilvusClient.prepare_index_params()
    params.add_index(EMBEDDING, index_type="AUTOINDEX", metric_type="COSINE")
    return params
