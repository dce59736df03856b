"""Shapes of what the stores hold.

Writers take Arrow batches of the `*_SCHEMA` columns below. Readers return the
dataclasses. All times are UTC with microseconds; `event_day` is the UTC date
of `sent_at`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from mpp_stores.feedback_kind import FeedbackKind

EMBEDDING_DIMENSION = 384
DESCRIPTION = b"description"
"""Of a column, in its metadata."""


def column(name: str, type_: pa.DataType, description: str) -> "pa.Field[Any]":
    """A column that says what it holds; Dagster shows it."""
    return pa.field(name, type_, metadata={DESCRIPTION: description})


def columns(*fields: "pa.Field[Any]") -> pa.Schema:
    """A schema of columns of any types."""
    return pa.schema(fields)


UTC_TIMESTAMP = pa.timestamp("us", tz="UTC")

_USER_ID = column("user_id", pa.string(), "The user, as the event names them")
_CAMPAIGN_ID = column("campaign_id", pa.string(), "The campaign, as the event names it")
_EVENT_DAY = column("event_day", pa.date32(), "UTC day of the message")
_FIRST_AT = column("first_at", UTC_TIMESTAMP, "When the first message was sent")
_LAST_AT = column("last_at", UTC_TIMESTAMP, "When the last message was sent")
_MESSAGE_COUNT = column("message_count", pa.int64(), "How many messages there are")
_USER_COUNT = column("user_count", pa.int64(), "How many users sent them")
_ACTIVE_DAYS = column("active_days", pa.int64(), "On how many UTC days there was a message")
_MEAN_VECTOR = column(
    "embedding",
    pa.list_(pa.float32()),
    f"Mean of the messages' vectors: {EMBEDDING_DIMENSION} numbers, of length 1",
)

# One row a message; identity is message_id.
MESSAGE_SCHEMA = columns(
    column("message_id", pa.string(), "The message: the event's own id, or a hash of the event"),
    _USER_ID,
    _CAMPAIGN_ID,
    column("text", pa.string(), "What the user wrote"),
    column("sent_at", UTC_TIMESTAMP, "When the message was sent"),
    _EVENT_DAY,
)

# A message with the vector of its text.
MESSAGE_VECTOR_SCHEMA = MESSAGE_SCHEMA.append(
    column(
        "embedding",
        pa.list_(pa.float32()),
        f"Vector of the text: {EMBEDDING_DIMENSION} numbers, of length 1",
    )
)

# A message as a document.
CONVERSATION_DOCUMENT_SCHEMA = columns(
    *MESSAGE_SCHEMA,
    column("batch", pa.string(), "The landed file that the message is from"),
    column("position", pa.int64(), "Record of the JSON array, or line of JSON Lines, from 1"),
    column("attributes", pa.string(), "The event's unknown fields, as a JSON object"),
)

# One row a user.
USER_PROFILE_SCHEMA = columns(_USER_ID, _MESSAGE_COUNT, _LAST_AT, _MEAN_VECTOR)

# One row a campaign with messages.
CAMPAIGN_PROFILE_SCHEMA = columns(_CAMPAIGN_ID, _MESSAGE_COUNT, _LAST_AT, _MEAN_VECTOR)

# One row a campaign that the campaign file describes.
CAMPAIGN_SCHEMA = columns(
    _CAMPAIGN_ID,
    column("name", pa.string(), "What people call the campaign"),
    column("topic", pa.string(), "What it is about, in a word or two"),
    column("description", pa.string(), "What it is about, in a sentence"),
    column("tags", pa.list_(pa.string()), "Labels that requests can filter by"),
    column("starts_on", pa.date32(), "First day on which it may be recommended; null: any"),
    column("ends_on", pa.date32(), "Last day on which it may be recommended; null: none"),
    column("is_active", pa.bool_(), "Whether it may be recommended at all"),
)

# One row a (user, campaign): what the user did in the campaign.
ENGAGED_WITH_SCHEMA = columns(
    _USER_ID, _CAMPAIGN_ID, _MESSAGE_COUNT, _ACTIVE_DAYS, _FIRST_AT, _LAST_AT
)

# ENGAGED_WITH with a score; formula in mpp_assets.jobs.engagement.
USER_ENGAGEMENT_SCHEMA = columns(
    *ENGAGED_WITH_SCHEMA,
    column(
        "engagement_score",
        pa.float64(),
        "From 0 to 1: how many messages, on how many days, and how lately",
    ),
    column("engagement_level", pa.string(), "low, medium or high, by the score"),
)

# One row a campaign; formula of the score in mpp_assets.jobs.engagement.
CAMPAIGN_PERFORMANCE_SCHEMA = columns(
    _CAMPAIGN_ID,
    _MESSAGE_COUNT,
    _USER_COUNT,
    _ACTIVE_DAYS,
    column("messages_per_user", pa.float64(), "message_count / user_count"),
    column(
        "returning_user_share",
        pa.float64(),
        "From 0 to 1: its users who wrote on two days or more",
    ),
    column(
        "recent_message_count",
        pa.int64(),
        "Its messages of the 7 days up to the last day of the data",
    ),
    _FIRST_AT,
    _LAST_AT,
    column(
        "performance_score",
        pa.float64(),
        "From 0 to 1: mean of its share of all users, its returning users and recent messages",
    ),
)

# One row a day.
DAILY_ACTIVITY_SCHEMA = columns(
    _EVENT_DAY,
    _MESSAGE_COUNT,
    _USER_COUNT,
    column("campaign_count", pa.int64(), "How many campaigns they are of"),
    column("hourly_message_counts", pa.list_(pa.int64()), "24 counts, of the UTC hours 0 to 23"),
)


@dataclass(frozen=True, slots=True)
class UserProfile:
    user_id: str
    message_count: int
    last_at: datetime
    embedding: list[float]


@dataclass(frozen=True, slots=True)
class SimilarUser:
    """`similarity` is the cosine of the two profiles, in [-1, 1]."""

    user_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class CampaignProfile:
    campaign_id: str
    message_count: int
    last_at: datetime
    embedding: list[float]


@dataclass(frozen=True, slots=True)
class SimilarCampaign:
    """`similarity` is the cosine of the campaign's profile and the query vector, in [-1, 1]."""

    campaign_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the campaign file says of a campaign. Both days are included; None bounds nothing."""

    campaign_id: str
    name: str
    topic: str
    description: str
    tags: list[str]
    starts_on: date | None
    ends_on: date | None
    is_active: bool

    def is_running(self, on: date) -> bool:
        """Whether it may be recommended on this UTC day."""
        has_started = self.starts_on is None or self.starts_on <= on
        has_ended = self.ends_on is not None and self.ends_on < on
        return self.is_active and has_started and not has_ended


@dataclass(frozen=True, slots=True)
class SimilarMessage:
    """`similarity` is the cosine of the message and the query vector, in [-1, 1]."""

    message_id: str
    user_id: str
    campaign_id: str
    text: str
    sent_at: datetime
    similarity: float


@dataclass(frozen=True, slots=True)
class EngagedWith:
    """An ENGAGED_WITH edge of the graph."""

    user_id: str
    campaign_id: str
    message_count: int
    active_days: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CoEngagement:
    """A campaign reached by user -> shared campaign -> peer -> campaign.

    A path is one (shared campaign, peer) pair, of the peers that are walked over. `weight` sums,
    over the `peer_count` distinct ones, |shared| / |union| of the user's and the peer's sets of
    campaigns (Jaccard). As evidence, `peer_id` is the peer of greatest overlap and
    `shared_campaign_id` the first campaign shared with them; ties go to the smaller id.
    """

    campaign_id: str
    path_count: int
    peer_count: int
    weight: float
    shared_campaign_id: str
    peer_id: str


@dataclass(frozen=True, slots=True)
class ConversationDocument:
    """A message as MongoDB holds it. `attributes` are the input's unknown fields."""

    message_id: str
    user_id: str
    campaign_id: str
    text: str
    sent_at: datetime
    event_day: date
    batch: str
    position: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserEngagement:
    user_id: str
    campaign_id: str
    message_count: int
    active_days: int
    first_at: datetime
    last_at: datetime
    engagement_score: float
    engagement_level: str


@dataclass(frozen=True, slots=True)
class UserSummary:
    """What a user did in all campaigns; `engagement_score` is that of the best one."""

    user_id: str
    message_count: int
    campaign_count: int
    first_at: datetime
    last_at: datetime
    engagement_score: float


@dataclass(frozen=True, slots=True)
class CampaignPerformance:
    campaign_id: str
    message_count: int
    user_count: int
    active_days: int
    messages_per_user: float
    returning_user_share: float
    recent_message_count: int
    first_at: datetime
    last_at: datetime
    performance_score: float


@dataclass(frozen=True, slots=True)
class Materialization:
    """One writing of one asset partition.

    `partition` is a batch, an ISO day, or "" for an asset without partitions.
    `completed_at`, `row_count` and `identity_hash` (see `mpp_stores.target`) are None until
    everything was written.
    """

    materialization: int
    asset: str
    partition: str
    dagster_run_id: str
    begun_at: datetime
    completed_at: datetime | None
    row_count: int | None
    identity_hash: int | None


@dataclass(frozen=True, slots=True)
class Release:
    """One published, consistent state of all stores: for every asset partition, the
    materialization that is served.

    `row_counts` are by asset. `predecessor` is what was served before it was published.
    `ranking` is a `mpp_stores.ranking.RankingConfiguration` as JSON, `embedding_model` the
    name of the model whose vectors the release holds.
    `is_kept` says whether the stores still hold its rows, so that it can be served again.
    """

    release_id: str
    published_at: datetime
    dagster_run_id: str
    data_through: date
    row_counts: dict[str, int]
    quality: dict[str, float]
    ranking: dict[str, Any]
    embedding_model: str
    predecessor: str | None
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request to forget a user, and how far it got: requested, scrubbed, completed.

    `user_id` is None once it is verified that nothing of the user is left; `subject_hash`
    (salted) remains, so that events of the user that land again are rejected. `receipt` holds
    no personal data.
    """

    erasure_id: str
    subject_hash: str
    user_id: str | None
    state: str
    requested_at: datetime
    scrubbed_at: datetime | None
    completed_at: datetime | None
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exposure:
    """The campaigns that one reply showed, best first; `first_rank` is that of the first.

    `user_id` is None in an anonymous session.
    """

    request_id: str
    user_id: str | None
    campaign_ids: tuple[str, ...]
    strategy: str
    release_id: str
    shown_at: datetime
    first_rank: int = 1


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a user made of a campaign that the reply `request_id` recommended.

    All but `occurred_at` is its identity. `user_id` is None in an anonymous session.
    """

    request_id: str
    user_id: str | None
    campaign_id: str
    kind: FeedbackKind
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A campaign that a user does not want to see again, and when they said so last."""

    campaign_id: str
    dismissed_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackCounts:
    """Of one campaign: how often it was in a reply, and what came back, each kind once a reply
    and user."""

    exposures: int
    impressions: int
    clicks: int
    dismissals: int
    conversions: int
