"""Reorders a ranking so that neighbours in it differ: maximal marginal relevance.

Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents
and Producing Summaries", SIGIR 1998. Next comes the campaign with the greatest

    lambda * score - (1 - lambda) * its greatest similarity to a campaign listed before

where lambda is 1 - diversity, and similarity the cosine of the campaigns' profiles.

The best `DIVERSIFIED` are reordered, as the reranking that it is; the others follow by score.
So neither the number of campaigns nor a cursor far into the list decides how much there is to
compute.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from mpp_api.recommendations.fusion import ScoredCampaign
from mpp_stores.records import EMBEDDING_DIMENSION

DIVERSIFIED: Final = 200
"""Four of the largest pages."""


def diversified(
    ranked: Sequence[ScoredCampaign],
    profiles: Mapping[str, Sequence[float]],
    diversity: float,
) -> Iterator[ScoredCampaign]:
    """All of them, computed as far as they are taken: each costs one pass over the rest.

    `profiles` have unit length; a campaign without one is like no other. Ties keep the
    order they had.
    """
    best, others = ranked[:DIVERSIFIED], ranked[DIVERSIFIED:]
    unlike = np.zeros(EMBEDDING_DIMENSION)
    vectors = np.array([profiles.get(each.campaign_id, unlike) for each in best])
    relevance = (1 - diversity) * np.array([float(each.score) for each in best])
    likeness = np.zeros(len(best))
    for count in range(len(best)):
        chosen = int(np.argmax(relevance - diversity * likeness))
        yield best[chosen]
        relevance[chosen] = -np.inf
        to_chosen = vectors @ vectors[chosen]
        likeness = np.maximum(likeness, to_chosen) if count else to_chosen
    yield from others
