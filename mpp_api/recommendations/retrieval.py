"""Asks the stores, concurrently, for everything that bears on one question."""

import asyncio
from collections.abc import Sequence
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
from mpp_stores.records import SimilarCampaign, SimilarMessage, SimilarUser

Vector = Sequence[float]

_ENOUGH_RUNNING = 0.5
_SEARCH_AGAIN_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One question's way through the stores, all of it in the one release.

    Campaigns in `not_running` are never served, so they must not take the places of others
    among the nearest: the searches for campaigns ask for that many more. What only an
    explanation cites is not read unless `explains`.
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
        vector, graph, table = await asyncio.gather(
            self._vector_findings(user_id, texts),
            self._graph_findings(user_id),
            self._table_findings(user_id),
        )
        return Findings(user_id, vector, graph, table).without(self.served.erased)

    async def _vector_findings(self, user_id: str | None, texts: Sequence[str]) -> VectorFindings:
        """Neighbours come from Milvus, what they did from Neo4j: each fails on its own account."""
        profile, mean_of_texts = await asyncio.gather(self._profile(user_id), self._embedded(texts))
        nearest = await self._nearest(user_id, profile, mean_of_texts)
        if nearest is None:
            return VectorFindings(has_profile=profile is not None)
        similar_users, messages, topics = nearest
        neighbour_engagement = None
        if similar_users:
            neighbour_engagement = await self.legs.run(
                Leg.GRAPH,
                "read the similar users' campaigns",
                lambda: self.stores.graph.engaged_with(
                    [user.user_id for user in similar_users],
                    materialization=self.served.contents.engaged_with,
                ),
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
        self, user_id: str | None, profile: Vector | None, mean_of_texts: Vector | None
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
                self._topics(searched_for),
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
        """Where most of the nearest are about campaigns that do not run, a wider search."""
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

    async def _topics(self, searched_for: Vector) -> list[SimilarCampaign]:
        return await self.stores.vectors.similar_campaigns(
            searched_for,
            self.served.ranking.topic_campaigns + len(self.not_running),
            materialization=self.served.contents.campaign_profiles,
        )

    async def _graph_findings(self, user_id: str | None) -> GraphFindings:
        if user_id is None:
            return GraphFindings()
        found = await self.legs.run(Leg.GRAPH, "walk the graph", lambda: self._walks(user_id))
        return found or GraphFindings()

    async def _walks(self, user_id: str) -> GraphFindings:
        engaged_with = self.served.contents.engaged_with
        # The user's own campaigns are walked to as well: with exclude_seen=false they are ranked.
        reached = await self.stores.graph.co_engaged_campaigns(
            user_id,
            self.served.ranking.co_engaged_campaigns + len(self.not_running),
            materialization=engaged_with,
            include_engaged=True,
        )
        peers = {path.peer_id for path in reached} if self.explains else set()
        engagement = await self.stores.graph.engaged_with(
            [user_id, *sorted(peers)], materialization=engaged_with
        )
        return GraphFindings(reached, engagement)

    async def _table_findings(self, user_id: str | None) -> TableFindings:
        # Learnt a moment ago, when asking for the release: a dead Postgres is not waited for twice.
        if self.served.state is not ReleaseState.CURRENT:
            self.legs.skip(Leg.TABLE, "postgres did not answer for the current release")
            return TableFindings()
        found = await self.legs.run(Leg.TABLE, "read the tables", lambda: self._tables(user_id))
        return found or TableFindings()

    async def _tables(self, user_id: str | None) -> TableFindings:
        tables, contents = self.stores.tables, self.served.contents
        performances = tables.campaign_performances(materialization=contents.campaign_performance)
        if user_id is None:
            return TableFindings(performances=await performances)
        of_everybody, engagement, dismissed = await asyncio.gather(
            performances,
            tables.user_engagement(user_id, materialization=contents.user_engagement),
            self.stores.feedback.dismissed(user_id),
        )
        return TableFindings(engagement, of_everybody, dismissed)
