from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.campaigns.schemas import CampaignFigures
from mpp_api.messages.schemas import MessageSource
from mpp_api.problem import Problem
from mpp_api.recommendations.strategy import Strategy
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.resilience.leg import Leg


class ScorePartReply(BaseModel):
    """contribution = weight x value, exactly."""

    name: str = Field(examples=["similar_users"])
    weight: float = Field(examples=[0.35])
    value: float = Field(ge=0, le=1, examples=[0.8125])
    contribution: float = Field(examples=[0.284375])


class SimilarUserEvidence(BaseModel):
    """A neighbour by profile who engaged with the campaign."""

    user_id: str = Field(examples=["u007"])
    similarity: float = Field(description="Cosine of the two profiles.")
    message_count: int = Field(description="The neighbour's messages in the campaign.")
    last_at: datetime = Field(description="The neighbour's last message in the campaign.")


class MessageEvidence(BaseModel):
    """Another user's message about the campaign, near to what this user writes or asks."""

    message_id: str = Field(examples=["2aef79af3ee684d9cc1216ba60db814a"])
    user_id: str = Field(description="Who wrote it.", examples=["u007"])
    text: str = Field(examples=["Is the tent light enough to carry?"])
    sent_at: datetime
    similarity: float = Field(
        description="Cosine of the message and what was searched for: the question's texts, "
        "else the user's profile."
    )
    recency: float = Field(
        ge=0,
        le=1,
        description="What is left of the similarity's weight: half of it every half-life before "
        "the release's last day.",
    )
    source: MessageSource | None = Field(
        description="Where the message came from; null while MongoDB is missing."
    )


class TopicEvidence(BaseModel):
    """How near all that was written in the campaign is."""

    similarity: float = Field(
        description="Cosine of the campaign's profile and what was searched for: the question's "
        "texts, else the user's profile."
    )


class GraphEvidence(BaseModel):
    """The strongest walk from the user to the campaign."""

    path: list[str] = Field(
        examples=[
            [
                "u042",
                "ENGAGED_WITH",
                "spring-sale",
                "ENGAGED_WITH",
                "u007",
                "ENGAGED_WITH",
                "summer-sale",
            ]
        ]
    )
    message_counts: list[int | None] = Field(
        description="Messages on each ENGAGED_WITH of the path, in order.", examples=[[4, 2, 5]]
    )
    peer_count: int = Field(
        description="Who engaged with the campaign of the 200 peers that overlap most."
    )
    path_count: int = Field(description="Walks to the campaign over these peers.")
    weight: float = Field(description="These peers' overlap with the user, summed.")


class Explanation(BaseModel):
    """The evidence is named as the score parts that it is for."""

    text: str = Field(
        description="The evidence in one sentence.",
        examples=[
            "Lamps: 3 of the 30 most similar users engaged with it (closest: u007, "
            "similarity 0.96); 4 messages from 3 users, 4 recent, performance 0.55."
        ],
    )
    similar_users: list[SimilarUserEvidence] = Field(description="Most similar first; up to 3.")
    messages: list[MessageEvidence] = Field(
        description="Greatest similarity x recency first; up to 3."
    )
    topic: TopicEvidence | None = Field(description="null: the campaign's profile is not near.")
    graph: GraphEvidence | None = Field(description="null: no walk leads to the campaign.")
    performance: CampaignFigures | None = Field(
        description="The campaign's figures; null where none are recorded."
    )


class CampaignSummary(BaseModel):
    """What the campaign file says of the campaign."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(
        description="The id, for a campaign that the file lacks.", examples=["Summer sale"]
    )
    topic: str = Field(examples=["outdoors"])
    description: str = Field(examples=["Tents and boots at summer prices."])
    tags: list[str] = Field(examples=[["winter"]])
    starts_on: date | None = Field(description="Its first UTC day; null: long ago.")
    ends_on: date | None = Field(description="Its last UTC day; null: open.")


class RecommendationItem(BaseModel):
    rank: int = Field(ge=1, description="Over all pages.")
    campaign_id: str = Field(examples=["summer-sale"])
    score: float = Field(ge=0, le=1, description="The sum of the parts' contributions, exactly.")
    score_parts: list[ScorePartReply]
    already_engaged: bool | None = Field(
        description="Only with exclude_seen=false can it be true. null while neither Postgres nor "
        "Neo4j says."
    )
    campaign: CampaignSummary
    explanation: Explanation | None = Field(description="null with explain=false.")


class RecommendationReply(BaseModel):
    user_id: str | None = Field(description="null for an anonymous session.")
    strategy: Strategy = Field(
        description="hybrid: by what the user did; text, session: by the question's text or "
        "messages, of the user nothing being known; trending: the same for everybody."
    )
    known_user: bool | None = Field(
        description="Whether the release has messages of the user; null for an anonymous session, "
        "and when no store knew the user and one that could have is missing."
    )
    limit: int = Field(description="As it was asked.", examples=[10])
    exclude_seen: bool = Field(description="As it was asked.")
    on: date = Field(description="The UTC day on which the campaigns run: today or later.")
    diversity: float = Field(
        description="As it was applied: 0 while the campaigns' profiles cannot be read."
    )
    release: ReleaseReply
    generated_at: datetime
    missing_legs: list[Leg] = Field(
        description="What this reply had to do without: vector (Milvus), graph (Neo4j), "
        "table (Postgres), document (MongoDB), model (the embedding of texts)."
    )
    notice: str | None = Field(description="Why the list is empty, not personal or less safe.")
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")
    items: list[RecommendationItem]


class BatchItem(BaseModel):
    """Either a reply or the problem that a request for this user alone would have."""

    user_id: str = Field(examples=["u042"])
    reply: RecommendationReply | None = Field(description="null where there is a problem.")
    problem: Problem | None = Field(description="null where there is a reply.")


class BatchReply(BaseModel):
    items: list[BatchItem] = Field(description="In the order of `user_ids`.")
