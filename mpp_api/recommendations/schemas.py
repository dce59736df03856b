from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from mpp_api.campaigns.schemas import CampaignFigures
from mpp_api.dependencies import ID_PATTERN
from mpp_api.releases.schemas import ReleaseReply
from mpp_api.resilience.legs import Leg
from mpp_stores.records import MAX_ID_CHARACTERS

DEFAULT_LIMIT = 10
MAX_LIMIT = 50


class RecommendationRequest(BaseModel):
    """The body of `POST /recommendations`, for ids that do not fit a path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: str = Field(
        min_length=1, max_length=MAX_ID_CHARACTERS, pattern=ID_PATTERN, examples=["u042"]
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    exclude_seen: bool = Field(
        default=True, description="Leave out campaigns the user already engaged with."
    )


class Strategy(StrEnum):
    HYBRID = "hybrid"
    POPULAR = "popular"


class ScorePartReply(BaseModel):
    """contribution = weight x value, exactly."""

    name: str = Field(examples=["similar_users"])
    weight: float = Field(examples=[0.4])
    value: float = Field(ge=0, le=1, examples=[0.8125])
    contribution: float = Field(examples=[0.325])


class SimilarUserEvidence(BaseModel):
    """A neighbour by profile who engaged with the campaign."""

    user_id: str
    similarity: float = Field(description="Cosine of the two profiles.")
    message_count: int = Field(description="The neighbour's messages in the campaign.")


class MessageSource(BaseModel):
    batch: str = Field(description="The landed file's batch.")
    position: int = Field(description="The message's position in the batch.")


class MessageEvidence(BaseModel):
    """Another user's message about the campaign, near to what this user writes."""

    message_id: str
    user_id: str
    text: str
    sent_at: datetime
    similarity: float = Field(description="Cosine of the message and the user's profile.")
    source: MessageSource | None = Field(
        description="Where the message came from; null while MongoDB is missing."
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
    peer_count: int = Field(description="Distinct peers over all walks to the campaign.")
    path_count: int = Field(description="All walks to the campaign.")
    weight: float = Field(description="The peers' overlap with the user, summed.")


class Explanation(BaseModel):
    text: str
    similar_users: list[SimilarUserEvidence] = Field(description="Most similar first; up to 3.")
    messages: list[MessageEvidence] = Field(description="Nearest first; up to 3.")
    graph: GraphEvidence | None = Field(description="null: no walk leads to the campaign.")
    campaign: CampaignFigures | None = Field(
        description="The campaign's figures; null while Postgres is missing."
    )


class RecommendationItem(BaseModel):
    rank: int = Field(ge=1)
    campaign_id: str
    score: float = Field(ge=0, le=1, description="The sum of the parts' contributions, exactly.")
    score_parts: list[ScorePartReply]
    already_engaged: bool
    explanation: Explanation


class RecommendationReply(BaseModel):
    user_id: str
    strategy: Strategy = Field(
        description="popular: nothing personal is known, so the same list as for everybody, "
        "by performance_score."
    )
    known_user: bool | None = Field(
        description="Whether the release has messages of the user; null when no store knew "
        "the user and one that could have is missing."
    )
    limit: int
    exclude_seen: bool
    release: ReleaseReply
    generated_at: datetime
    missing_legs: list[Leg] = Field(
        description="Stores this reply had to do without: vector (Milvus), graph (Neo4j), "
        "table (Postgres), document (MongoDB)."
    )
    notice: str | None = Field(description="Why the list is empty or not personal.")
    items: list[RecommendationItem]
