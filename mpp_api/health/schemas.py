from enum import StrEnum

from pydantic import BaseModel, Field

from mpp_api.releases.schemas import ReleaseReply


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


class ReleaseHealth(ReleaseReply):
    is_stale: bool = Field(description="Older than MPP_API_STALE_AFTER_HOURS.")


class HealthReply(BaseModel):
    status: Overall = Field(
        description="down: none of milvus, neo4j and postgres answers, or postgres never said "
        "which release is published; degraded: any store does not answer."
    )
    stores: dict[str, StoreHealth] = Field(
        description="By name: milvus, neo4j, postgres, mongo and redis.",
        examples=[{"milvus": {"status": "ok", "latency_ms": 1.8, "error": None}}],
    )
    release: ReleaseHealth | None = Field(
        description="What is served; null before the first ingest, or while it is unknown."
    )
