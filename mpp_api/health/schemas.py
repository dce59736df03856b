from enum import StrEnum

from pydantic import BaseModel, Field


class Overall(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class StoreStatus(StrEnum):
    OK = "ok"
    DOWN = "down"


class StoreHealth(BaseModel):
    status: StoreStatus
    latency_ms: float = Field(description="Of one query over the wire.", examples=[1.8])
    error: str | None = Field(
        default=None,
        description="Class of the failure; addresses and messages stay in the log.",
        examples=[None, "StoreUnavailable"],
    )


class HealthReply(BaseModel):
    status: Overall = Field(
        description="down when none of milvus, neo4j and postgres answers; "
        "degraded when any store does not."
    )
    stores: dict[str, StoreHealth]
