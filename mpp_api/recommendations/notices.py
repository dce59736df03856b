"""What a reader of the list should know besides the list."""

from collections.abc import Iterator, Set

from mpp_api.recommendations.findings import Findings
from mpp_api.recommendations.requests import RecommendationRequest
from mpp_api.recommendations.strategy import Strategy
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs


def known_user(request: RecommendationRequest, findings: Findings, legs: Legs) -> bool | None:
    if request.user_id is None:
        return None
    if findings.knows_user:
        return True
    could_know = {Leg.VECTOR, Leg.GRAPH, Leg.TABLE}
    return None if could_know & set(legs.missing) else False


def notice(
    request: RecommendationRequest,
    strategy: Strategy,
    findings: Findings,
    legs: Legs,
    *,
    passing: Set[str] | None,
) -> str | None:
    """`passing`: of an empty list, the candidates that pass the filters, whoever saw them."""
    return "; ".join(_sentences(request, strategy, findings, legs, passing)) or None


def _sentences(
    request: RecommendationRequest,
    strategy: Strategy,
    findings: Findings,
    legs: Legs,
    passing: Set[str] | None,
) -> Iterator[str]:
    if passing is not None:
        yield _why_empty(request, findings, passing)
    elif strategy is Strategy.TRENDING:
        yield _why_trending(request, findings, legs)
    if Leg.MODEL in legs.missing:
        yield "the texts could not be embedded and count for nothing"
    if findings.seen is None and request.exclude_seen:
        yield "what the user engaged with is not known and may be listed"
    if Leg.TABLE in legs.missing:
        yield "what the user dismissed is not known and may be listed"


def _why_empty(request: RecommendationRequest, findings: Findings, passing: Set[str]) -> str:
    if not passing:
        return "no candidate campaign passes the filters"
    seen = (findings.seen or frozenset()) if request.exclude_seen else frozenset()
    if passing <= seen and not passing <= findings.table.dismissed:
        return (
            "no candidate campaign that passes the filters is new to the user; "
            "exclude_seen=false ranks the others as well"
        )
    if passing - seen <= findings.table.dismissed:
        return "the user dismissed every candidate campaign that could be listed"
    return "nothing follows the page before"


def _why_trending(request: RecommendationRequest, findings: Findings, legs: Legs) -> str:
    if request.user_id is None and not request.texts:
        return "nothing is known of anybody: trending campaigns for everybody"
    if {Leg.VECTOR, Leg.GRAPH, Leg.MODEL} & set(legs.missing):
        return "not all that is personal could be searched: trending campaigns for everybody"
    if request.texts:
        return "nothing like it could be found: trending campaigns for everybody"
    if known_user(request, findings, legs) is False:
        return "the release has no messages of this user: trending campaigns for everybody"
    return "nothing personal could be found for this user: trending campaigns for everybody"
