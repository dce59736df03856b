"""The three collections: their names, fields and index.

A stored message:

    {"row_id": "412/m-81f3…", "message_id": "m-81f3…", "user_id": "u-17",
     "campaign_id": "spring-sale", "text": "Does the tent come in green?",
     "sent_at": 1710495000000000, "event_day": 19797, "materialization": 412,
     "identity_hash": 2774105838, "embedding": [0.018, …]}

A stored user profile:

    {"row_id": "419/u-17", "user_id": "u-17", "message_count": 12,
     "last_at": 1710495000000000, "materialization": 419,
     "identity_hash": 398211457, "embedding": [0.031, …]}

A stored campaign profile has the same fields, with `campaign_id` for `user_id`. Profiles
of one materialization are a partition of their collection; see docs/decisions/0018.

Milvus has no primary key of two fields, so `row_id` joins the materialization
and the row's own key. Nor has it a type for time that all its servers share:
`sent_at` and `last_at` are microseconds and `event_day` days since 1970-01-01
UTC, Arrow's own representations of the two.
"""

from dataclasses import dataclass

from pymilvus import CollectionSchema, DataType, MilvusClient
from pymilvus.milvus_client import IndexParams

from mpp_stores.bounds import MAX_ID_CHARACTERS, MAX_TEXT_CHARACTERS
from mpp_stores.records import EMBEDDING_DIMENSION
from mpp_stores.target import IDENTITY_HASH, MATERIALIZATION

MESSAGES = "messages"
USER_PROFILES = "user_profiles"
CAMPAIGN_PROFILES = "campaign_profiles"

ROW_ID = "row_id"
EMBEDDING = "embedding"

# A digest must see every row written before it, from any process. Serving may lag by a few
# seconds, and does not wait for the next time tick (about 200 ms) as Strong does.
WRITING_CONSISTENCY = "Strong"
SERVING_CONSISTENCY = "Bounded"

_UTF8_BYTES_PER_CHARACTER = 4  # Milvus counts max_length in bytes
_ID_BYTES = MAX_ID_CHARACTERS * _UTF8_BYTES_PER_CHARACTER
_TEXT_BYTES = MAX_TEXT_CHARACTERS * _UTF8_BYTES_PER_CHARACTER
_ROW_ID_BYTES = len(f"{2**63 - 1}/") + _ID_BYTES


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: DataType
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Scalar fields of a collection's rows, their key within a materialization first.

    Every collection also holds the row's identity and the embedding.
    """

    scalars: tuple[Field, ...]

    @property
    def key(self) -> str:
        return self.scalars[0].name

    @property
    def read_fields(self) -> list[str]:
        """What a reader gets: everything but the row's identity."""
        return [*(field.name for field in self.scalars), EMBEDDING]

    def schema(self) -> CollectionSchema:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(ROW_ID, DataType.VARCHAR, is_primary=True, max_length=_ROW_ID_BYTES)
        for field in self.scalars:
            limits = {} if field.max_bytes is None else {"max_length": field.max_bytes}
            schema.add_field(field.name, field.kind, **limits)
        schema.add_field(MATERIALIZATION, DataType.INT64)
        schema.add_field(IDENTITY_HASH, DataType.INT64)
        schema.add_field(EMBEDDING, DataType.FLOAT_VECTOR, dim=EMBEDDING_DIMENSION)
        return schema

    def field_types(self) -> dict[str, DataType]:
        return {field.name: field.dtype for field in self.schema().fields}


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


def _profile_shape(key: str) -> Shape:
    return Shape(
        (
            Field(key, DataType.VARCHAR, _ID_BYTES),
            Field("message_count", DataType.INT64),
            Field("last_at", DataType.INT64),
        )
    )


USER_PROFILE_SHAPE = _profile_shape("user_id")
CAMPAIGN_PROFILE_SHAPE = _profile_shape("campaign_id")


def row_id(materialization: int, key: str) -> str:
    return f"{materialization}/{key}"


def profiles_partition(materialization: int) -> str:
    """The name of the partition that holds the profiles of a materialization."""
    return f"materialization_{materialization}"


def vector_index() -> IndexParams:
    """AUTOINDEX: the one type that every server has and tunes for itself.

    It becomes HNSW in Milvus and in milvus-lite. Naming HNSW would fix M and
    efConstruction here for collections of any size, and fails in a milvus-lite
    without faiss. `materialization` has no index: milvus-lite knows only INVERTED,
    which Milvus before 2.4 refuses, and uses it only where every field of a filter has one.
    """
    params = MilvusClient.prepare_index_params()
    params.add_index(EMBEDDING, index_type="AUTOINDEX", metric_type="COSINE")
    return params
