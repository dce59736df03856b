"""How recommendations are ranked: one configuration, which a release carries.

The pipeline publishes it with the data that it was chosen for, and the API ranks by what
the served release says: going back to a release goes back to its ranking too.
"""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weight = Annotated[Decimal, Field(ge=0, le=1, decimal_places=2)]


class _SumToOne(BaseModel):
    """Raises `ValueError` naming the sum when it is another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = sum((getattr(self, name) for name in type(self).model_fields), Decimal(0))
        if total != 1:
            raise ValueError(f"the weights sum to {total}, not to 1")
        return self


class Weights(_SumToOne):
    """How much each kind of evidence counts for a user whom the release knows."""

    similar_users: Weight = Decimal("0.35")
    graph: Weight = Decimal("0.25")
    messages: Weight = Decimal("0.15")
    topic: Weight = Decimal("0.10")
    performance: Weight = Decimal("0.15")


class ColdStartWeights(_SumToOne):
    """The same where a text, or the messages of a session, is all that is known."""

    messages: Weight = Decimal("0.50")
    topic: Weight = Decimal("0.35")
    performance: Weight = Decimal("0.15")


class TrendingWeights(_SumToOne):
    """The same where nothing is known: what everybody talks about lately, and what performs."""

    recent_messages: Weight = Decimal("0.50")
    performance: Weight = Decimal("0.50")


class RankingConfiguration(BaseModel):
    """`recency_half_life_days`: after how many days before the release's last day evidence
    counts half. `diversity`: 0 orders by score alone, 1 by difference alone (1 - lambda of
    maximal marginal relevance)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Weights = Weights()
    cold_start_weights: ColdStartWeights = ColdStartWeights()
    trending_weights: TrendingWeights = TrendingWeights()
    recency_half_life_days: float = Field(default=14.0, gt=0)
    diversity: float = Field(default=0.0, ge=0, le=1)
    similar_users: int = Field(default=30, ge=1, le=1_000)
    nearest_messages: int = Field(default=150, ge=1, le=1_000)
    co_engaged_campaigns: int = Field(default=50, ge=1, le=1_000)
    topic_campaigns: int = Field(default=50, ge=1, le=1_000)
