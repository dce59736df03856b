"""Asks the stores, concurrently, for everything that bears on one question."""

import asyncio
from collections.abc import Awaitable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from mpp_api.embedding.embedder import TextEmbedder
from mpp_api.recommendations.findings import (
    Findings,
    GraphFindings,
    TableFindings,
    VectorFindings,
)
from mpp_api.releases.served import ServedRelease
from mpp_api.releases.state import ReleaseState
from mpp_api.resilience.leg import Leg
from mpp_api.resilience.legs import Legs
from mpp_api.stores import Stores
from mpp_stores.records import (
    EngagedWith,
    SimilarCampaign,
    SimilarMessage,
    SimilarUser,
    UserEngagement,
)

Vector = Sequence[float]

_ENOUGH_RUNNING = 0.5
_SEARCH_AGAIN_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One question's way through the stores, all of it in the one release.

    Campaigns in `not_running` are never served, and the user's own seldom: neither may take the
    places of others among the nearest, so the searches for campaigns ask for that many more.
    What only an explanation cites is not read unless `explains`.
    """

    served: ServedRelease
    stores: Stores
    embedder: TextEmbedder
    legs: Legs
    not_running: frozenset[str]
    explains: bool

    async def find(self, user_id: str | None, texts: Sequence[str]) -> Findings:
        """Nothing is found of an erased user, as the one asked about or as evidence."""
        if user_id is not None and self.served.erased.includes(user_id):
            user_id = None
        # Which campaigns are the user's own is known before the vectors and the graph are searched.
        asked = asyncio.create_task(self._table_findings(user_id))
        table, vector, graph = await asyncio.gather(
            asked,
            self._vector_findings(user_id, texts, asked),
            self._graph_findings(user_id, asked),
        )
        findings = Findings(user_id, vector, graph, table, self.served.performances)
        return findings.without(self.served.erased)

    def _set_aside(self, own: Sequence[UserEngagement | EngagedWith]) -> frozenset[str]:
        """Campaigns that take no other's place."""
        return self.not_running.union(each.campaign_id for each in own)

    async def _vector_findings(
        self, user_id: str | None, texts: Sequence[str], asked: Awaitable[TableFindings]
    ) -> VectorFindings:
        """Neighbours come from Milvus, what they did from Neo4j: each fails on its own account.
        Without Postgres no room is made for the user's own campaigns."""
        table, profile, mean_of_texts = await asyncio.gather(
            asked, self._profile(user_id), self._embedded(texts)
        )
        set_aside = self._set_aside(table.engagement or ())
        nearest = await self._nearest(user_id, profile, mean_of_texts, set_aside)
        if nearest is None:
            return VectorFindings(has_profile=profile is not None)
        similar_users, messages, topics = nearest
        neighbour_engagement = None
        if similar_users:
            neighbour_engagement = await self._edges(
                "read the similar users' campaigns", [user.user_id for user in similar_users]
            )
        return VectorFindings(
            has_profile=profile is not None,
            near_texts=mean_of_texts is not None,
            similar_users=similar_users,
            messages=messages,
            topics=topics,
            neighbour_engagement=neighbour_engagement or (),
        )

    async def _profile(self, user_id: str | None) -> Vector | None:
        if user_id is None:
            return None
        profile = await self.legs.run(
            Leg.VECTOR,
            "read the user's profile",
            lambda: self.stores.vectors.profile(
                user_id, materialization=self.served.contents.user_profiles
            ),
        )
        return None if profile is None else profile.embedding

    async def _embedded(self, texts: Sequence[str]) -> Vector | None:
        """The mean of the texts' vectors, at unit length."""
        if not texts:
            return None
        wanted = self.served.release.embedding_model
        if wanted != self.embedder.model:
            self.legs.skip(
                Leg.MODEL,
                f"the release holds vectors of {wanted!r}, MPP_EMBEDDING_MODEL is "
                f"{self.embedder.model!r}",
            )
            return None
        vectors = await self.legs.run(
            Leg.MODEL, "embed the texts", lambda: self.embedder.embed(texts)
        )
        if vectors is None:
            return None
        mean = np.mean(vectors, axis=0)
        unit: Vector = (mean / np.linalg.norm(mean)).tolist()
        return unit

    async def _nearest(
        self,
        user_id: str | None,
        profile: Vector | None,
        mean_of_texts: Vector | None,
        set_aside: Set[str],
    ) -> tuple[Sequence[SimilarUser], Sequence[SimilarMessage], Sequence[SimilarCampaign]] | None:
        searched_for = mean_of_texts or profile
        if searched_for is None:
            return None
        return await self.legs.run(
            Leg.VECTOR,
            "search the vectors",
            lambda: asyncio.gather(
                self._similar_users(user_id, profile),
                self._messages(user_id, searched_for),
                self._topics(searched_for, set_aside),
            ),
        )

    async def _similar_users(
        self, user_id: str | None, profile: Vector | None
    ) -> Sequence[SimilarUser]:
        if profile is None or user_id is None:
            return ()
        return await self.stores.vectors.similar_users(
            profile,
            self.served.ranking.similar_users,
            exclude_user_id=user_id,
            materialization=self.served.contents.user_profiles,
        )

    async def _messages(self, user_id: str | None, searched_for: Vector) -> list[SimilarMessage]:
        """Where most of the nearest are about campaigns that do not run, a wider search. Not where
        they are about the user's own: a third of all users would wait for it."""
        wanted = self.served.ranking.nearest_messages
        running: list[SimilarMessage] = []
        for limit in (wanted, wanted * _SEARCH_AGAIN_FACTOR):
            found = await self.stores.vectors.similar_messages(
                searched_for,
                limit,
                exclude_user_id=user_id or "",
                materializations=self.served.contents.message_vectors,
            )
            running = [each for each in found if each.campaign_id not in self.not_running]
            if len(found) < limit or len(running) >= wanted * _ENOUGH_RUNNING:
                break
        return running[:wanted]

    async def _topics(self, searched_for: Vector, set_aside: Set[str]) -> list[SimilarCampaign]:
        return await self.stores.vectors.similar_campaigns(
            searched_for,
            self.served.ranking.topic_campaigns + len(set_aside),
            materialization=self.served.contents.campaign_profiles,
        )

    async def _graph_findings(
        self, user_id: str | None, asked: Awaitable[TableFindings]
    ) -> GraphFindings:
        """Calls of their own: a walk that takes too long leaves what is known by then. The graph
        is asked for the user's own campaigns where Postgres knows none."""
        if user_id is None:
            return GraphFindings(own=())
        own: Sequence[UserEngagement | EngagedWith] | None = (await asked).engagement
        own = own or await self._edges("read the user's campaigns", [user_id])
        if not own:
            return GraphFindings(own)
        walks = await self.legs.run(
            Leg.GRAPH,
            "walk the graph",
            lambda: self.stores.graph.co_engaged_campaigns(
                user_id,
                self.served.ranking.co_engaged_campaigns + len(self._set_aside(own)),
                materialization=self.served.contents.engaged_with,
            ),
        )
        of_peers = None
        if walks and self.explains:
            peers = {walk.peer_id for walk in walks}
            of_peers = await self._edges("read the campaigns of the peers", sorted(peers))
        return GraphFindings(own, walks or (), of_peers or ())

    async def _edges(self, attempted: str, user_ids: Sequence[str]) -> list[EngagedWith] | None:
        return await self.legs.run(
            Leg.GRAPH,
            attempted,
            lambda: self.stores.graph.engaged_with(
                user_ids, materialization=self.served.contents.engaged_with
            ),
        )

    async def _table_findings(self, user_id: str | None) -> TableFindings:
        if user_id is None:
            return TableFindings(engagement=())
        # Learnt a moment ago, when asking for the release: a dead Postgres is not waited for twice.
        if self.served.state is not ReleaseState.CURRENT:
            self.legs.skip(Leg.TABLE, "postgres did not answer for the current release")
            return TableFindings()
        found = await self.legs.run(
            Leg.TABLE,
            "read the tables",
            lambda: asyncio.gather(
                self.stores.tables.user_engagement(
                    user_id, materialization=self.served.contents.user_engagement
                ),
                self.stores.feedback.dismissed(user_id),
            ),
        )
        return TableFindings(*found) if found else TableFindings()
