"""How recommendations are ranked: one configuration, which a release carries.

The pipeline publishes it with the data that it was chosen for, and the API ranks by what
the served release says: going back to a release goes back to its ranking too.
"""

from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Weights(BaseModel):
    """How much each kind of evidence counts. Two decimals each; they sum to 1.

    Raises `ValueError` naming the sum when they do not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    similar_users: Decimal = Field(default=Decimal("0.35"), ge=0, le=1, decimal_places=2)
    graph: Decimal = Field(default=Decimal("0.25"), ge=0, le=1, decimal_places=2)
    messages: Decimal = Field(default=Decimal("0.15"), ge=0, le=1, decimal_places=2)
    topic: Decimal = Field(default=Decimal("0.10"), ge=0, le=1, decimal_places=2)
    performance: Decimal = Field(default=Decimal("0.15"), ge=0, le=1, decimal_places=2)

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = sum((getattr(self, name) for name in type(self).model_fields), Decimal(0))
        if total != 1:
            raise ValueError(f"the weights sum to {total}, not to 1")
        return self


class RankingConfiguration(BaseModel):
    """`recency_half_life_days`: after how many days before the release's last day evidence
    counts half. `diversity`: 0 orders by score alone, 1 by difference alone (1 - lambda of
    maximal marginal relevance)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Weights = Weights()
    recency_half_life_days: float = Field(default=14.0, gt=0)
    diversity: float = Field(default=0.0, ge=0, le=1)
    similar_users: int = Field(default=30, ge=1, le=1_000)
    nearest_messages: int = Field(default=150, ge=1, le=1_000)
    co_engaged_campaigns: int = Field(default=50, ge=1, le=1_000)
    topic_campaigns: int = Field(default=50, ge=1, le=1_000)
