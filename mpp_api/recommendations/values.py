"""What each kind of evidence says of a campaign: a value in [0, 1]. Pure: no I/O, no clock.

Values that have no natural scale are divided by the strongest candidate's (Lee, "Analyses
of Multiple Evidence Combination", SIGIR 1997); strongest among those the user has not
engaged with, since a user's own campaigns would dwarf every new one. They are capped at 1.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeVar

from mpp_api.recommendations.recency import RecencyDecay
from mpp_stores.records import (
    CampaignPerformance,
    CoEngagement,
    EngagedWith,
    SimilarCampaign,
    SimilarMessage,
    SimilarUser,
)

MESSAGES_PER_CAMPAIGN: Final = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for one question. A leg that did not answer leaves its fields empty."""

    similar_users: Sequence[SimilarUser] = ()
    neighbour_engagement: Sequence[EngagedWith] = ()
    other_engagement: Sequence[EngagedWith] = ()
    """The neighbours' with campaigns that are no candidates, which take attention as well."""
    messages: Sequence[SimilarMessage] = ()
    topics: Sequence[SimilarCampaign] = ()
    co_engagements: Sequence[CoEngagement] = ()
    performances: Sequence[CampaignPerformance] = ()

    @property
    def tells_candidates_apart(self) -> bool:
        """Whether it holds anything besides what is the same for everybody."""
        return bool(
            self.neighbour_engagement or self.messages or self.topics or self.co_engagements
        )

    def about(self, is_candidate: Callable[[str], bool]) -> Self:
        """The same less what is about other campaigns, but for what attention they take."""

        def kept(found: Sequence[_Named]) -> list[_Named]:
            return [row for row in found if is_candidate(row.campaign_id)]

        edges = self.neighbour_engagement
        return type(self)(
            similar_users=self.similar_users,
            neighbour_engagement=kept(edges),
            other_engagement=[edge for edge in edges if not is_candidate(edge.campaign_id)],
            messages=kept(self.messages),
            topics=kept(self.topics),
            co_engagements=kept(self.co_engagements),
            performances=kept(self.performances),
        )


class _NamesCampaign(Protocol):
    @property
    def campaign_id(self) -> str: ...


_Named = TypeVar("_Named", bound=_NamesCampaign)


@dataclass(frozen=True, slots=True)
class MessageStrength:
    """How much a message counts: its similarity, less what its age takes."""

    message: SimilarMessage
    recency: float

    @property
    def strength(self) -> float:
        return max(self.message.similarity, 0.0) * self.recency


def of_similar_users(evidence: Evidence, decay: RecencyDecay, seen: Set[str]) -> dict[str, float]:
    """Each neighbour's attention to the campaign (messages there / in the neighbour's busiest
    campaign, a candidate or not) times the similarity of the profiles times the recency of the
    neighbour's last message there, summed; relative to the strongest."""
    similarity = {user.user_id: max(user.similarity, 0.0) for user in evidence.similar_users}
    busiest: dict[str, int] = defaultdict(int)
    for edge in (*evidence.neighbour_engagement, *evidence.other_engagement):
        busiest[edge.user_id] = max(busiest[edge.user_id], edge.message_count)
    mass: dict[str, float] = defaultdict(float)
    for edge in evidence.neighbour_engagement:
        attention = edge.message_count / busiest[edge.user_id]
        mass[edge.campaign_id] += (
            similarity.get(edge.user_id, 0.0) * attention * decay.at(edge.last_at)
        )
    return _relative_to_strongest(mass, seen)


def of_graph(walks: Iterable[CoEngagement], seen: Set[str]) -> dict[str, float]:
    """The weight of user - shared campaign - peer - campaign; relative to the strongest."""
    return _relative_to_strongest({walk.campaign_id: walk.weight for walk in walks}, seen)


def of_messages(messages: Iterable[SimilarMessage], decay: RecencyDecay) -> dict[str, float]:
    """The mean strength of the campaign's strongest messages, an absent one counting 0."""
    return {
        campaign_id: sum(each.strength for each in strongest) / MESSAGES_PER_CAMPAIGN
        for campaign_id, strongest in strongest_messages(messages, decay).items()
    }


def strongest_messages(
    messages: Iterable[SimilarMessage], decay: RecencyDecay
) -> dict[str, list[MessageStrength]]:
    """By campaign the `MESSAGES_PER_CAMPAIGN` that count: strongest first, then by id."""
    found: dict[str, list[MessageStrength]] = defaultdict(list)
    for message in messages:
        found[message.campaign_id].append(MessageStrength(message, decay.at(message.sent_at)))
    for about_one in found.values():
        about_one.sort(key=lambda each: (-each.strength, each.message.message_id))
        del about_one[MESSAGES_PER_CAMPAIGN:]
    return dict(found)


def of_topics(topics: Iterable[SimilarCampaign]) -> dict[str, float]:
    """The similarity of all that was written in the campaign and what is asked about."""
    return {campaign.campaign_id: max(campaign.similarity, 0.0) for campaign in topics}


def of_recent_messages(
    performances: Iterable[CampaignPerformance], seen: Set[str]
) -> dict[str, float]:
    """The messages of the release's last days; relative to the most."""
    return _relative_to_strongest(
        {each.campaign_id: float(each.recent_message_count) for each in performances}, seen
    )


def of_performance(performances: Iterable[CampaignPerformance]) -> dict[str, float]:
    return {each.campaign_id: each.performance_score for each in performances}


def _relative_to_strongest(mass: Mapping[str, float], seen: Set[str]) -> dict[str, float]:
    strongest = max((mass[campaign_id] for campaign_id in mass.keys() - seen), default=0.0)
    if strongest <= 0:
        strongest = max(mass.values(), default=0.0)
    if strongest <= 0:
        return dict.fromkeys(mass, 0.0)
    return {campaign_id: min(value / strongest, 1.0) for campaign_id, value in mass.items()}
