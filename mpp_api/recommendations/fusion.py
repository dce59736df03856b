"""Fuses several kinds of evidence into one score: weighted linear fusion.

A score is the weighted sum of the campaign's values (CombSUM with weights; Fox & Shaw,
"Combination of Multiple Searches", TREC-2, 1994). A value that is absent is 0 and the other
weights stay as they are: without a leg a score is lower, never inflated, and the parts keep
their meaning.

Values are rounded to four decimals and weights have two, so that value times weight, and
the sum of those, are exact in six decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_VALUE_STEP: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: how much it counts, and its values by campaign."""

    name: str
    weight: Decimal
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ScorePart:
    name: str
    weight: Decimal
    value: Decimal

    @property
    def contribution(self) -> Decimal:
        return self.weight * self.value


@dataclass(frozen=True, slots=True)
class ScoredCampaign:
    campaign_id: str
    parts: tuple[ScorePart, ...]

    @property
    def score(self) -> Decimal:
        return sum((part.contribution for part in self.parts), Decimal(0))


def fuse(kinds: Sequence[Kind]) -> list[ScoredCampaign]:
    """Every campaign that any kind has a value of, best first; equal scores by campaign_id."""
    candidates = {campaign_id for kind in kinds for campaign_id in kind.values}
    scored = [
        ScoredCampaign(
            campaign_id,
            tuple(
                ScorePart(kind.name, kind.weight, _rounded(kind.values.get(campaign_id, 0.0)))
                for kind in kinds
            ),
        )
        for campaign_id in candidates
    ]
    return sorted(scored, key=lambda campaign: (-campaign.score, campaign.campaign_id))


def _rounded(value: float) -> Decimal:
    return Decimal(min(max(value, 0.0), 1.0)).quantize(_VALUE_STEP)
