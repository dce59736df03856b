from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.identifiers import StoredId


class ErasureRequest(BaseModel):
    """The body of `POST /erasures`, for ids that do not fit a path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: StoredId = Field(examples=["u042"])


class ErasureReply(BaseModel):
    """How far an erasure got. It does not say whose it is."""

    model_config = ConfigDict(from_attributes=True)

    erasure_id: str = Field(examples=["7f0c3f6c2b8e4a51"])
    state: str = Field(
        description="requested; scrubbed: removed from every place; "
        "completed: verified, and published without the user.",
        examples=["requested"],
    )
    requested_at: datetime
    scrubbed_at: datetime | None = Field(description="null until then.")
    completed_at: datetime | None = Field(description="null until then.")
    receipt: dict[str, Any] = Field(
        description="Counts of what was removed, by place, and what the verification found."
    )
