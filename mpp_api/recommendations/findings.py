"""What the stores hold that answers one question, in one release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

from mpp_api.recommendations.values import Evidence
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.records import (
    CampaignPerformance,
    CoEngagement,
    EngagedWith,
    SimilarCampaign,
    SimilarMessage,
    SimilarUser,
    UserEngagement,
)


@dataclass(frozen=True, slots=True)
class VectorFindings:
    """`has_profile` is False for a user without messages in the release. Messages and topics
    are near the question's texts if `near_texts`, else near the profile."""

    has_profile: bool = False
    near_texts: bool = False
    similar_users: Sequence[SimilarUser] = ()
    messages: Sequence[SimilarMessage] = ()
    topics: Sequence[SimilarCampaign] = ()
    neighbour_engagement: Sequence[EngagedWith] = ()


@dataclass(frozen=True, slots=True)
class GraphFindings:
    """`own` is what the user engaged with, None while it is not known; `of_peers` the edges of the
    peers that the paths name."""

    own: Sequence[UserEngagement | EngagedWith] | None = None
    co_engagements: Sequence[CoEngagement] = ()
    of_peers: Sequence[EngagedWith] = ()


@dataclass(frozen=True, slots=True)
class TableFindings:
    """`engagement` is None while it is not known."""

    engagement: Sequence[UserEngagement] | None = None
    dismissed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """What the legs found, and what is known of every campaign. A missing leg leaves its
    findings empty."""

    user_id: str | None
    vector: VectorFindings
    graph: GraphFindings
    table: TableFindings
    performances: Mapping[str, CampaignPerformance]

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            similar_users=self.vector.similar_users,
            neighbour_engagement=self.vector.neighbour_engagement,
            messages=self.vector.messages,
            topics=self.vector.topics,
            co_engagements=self.graph.co_engagements,
            performances=tuple(self.performances.values()),
        )

    @property
    def seen(self) -> frozenset[str] | None:
        """Campaigns the user engaged with, per Postgres, or per the graph in its absence; None
        when neither said."""
        recorded = self.graph.own if self.table.engagement is None else self.table.engagement
        return None if recorded is None else frozenset(each.campaign_id for each in recorded)

    @property
    def knows_user(self) -> bool:
        return self.vector.has_profile or bool(self.seen)

    def without(self, erased: ErasedSubjects) -> Self:
        """The same less everything that names an erased user.

        A walk names its strongest peer only, and goes with it: counts of the other peers'
        walks are not known here. The next release knows them.
        """
        vector, graph = self.vector, self.graph
        return replace(
            self,
            vector=replace(
                vector,
                similar_users=_of_others(vector.similar_users, erased),
                messages=_of_others(vector.messages, erased),
                neighbour_engagement=_of_others(vector.neighbour_engagement, erased),
            ),
            graph=replace(
                graph,
                co_engagements=[
                    walk for walk in graph.co_engagements if not erased.includes(walk.peer_id)
                ],
                of_peers=_of_others(graph.of_peers, erased),
            ),
        )


class _NamesUser(Protocol):
    @property
    def user_id(self) -> str: ...


_Named = TypeVar("_Named", bound=_NamesUser)


def _of_others(found: Sequence[_Named], erased: ErasedSubjects) -> list[_Named]:
    return [row for row in found if not erased.includes(row.user_id)]
