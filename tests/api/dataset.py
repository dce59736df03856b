"""A little outdoor shop in 1999: six users, eight campaigns, written as the pipeline writes.

ada, ben, cid and eve talk about the outdoors; dot and fay about something else. eve has
engaged with every campaign that runs. Of two that do not run, fay sent most of the messages,
and they perform best of all. The campaign file lacks the stoves, and describes a campaign
that nobody has talked about yet.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from mpp_stores.records import EMBEDDING_DIMENSION

PERFORMANCE_SCORES = {
    "boots": 0.81,
    "tents": 0.42,
    "lamps": 0.55,
    "maps": 0.37,
    "stoves": 0.64,
    "cards": 0.93,
}
UNSERVED_PERFORMANCE_SCORES = {"sleds": 0.97, "parasols": 0.95}
CONVERSATIONS = [
    ("ada", "boots", "Do these boots keep water out?"),
    ("ada", "boots", "Which size of boots should I take?"),
    ("ada", "tents", "Is the tent light enough to carry?"),
    ("ben", "boots", "My boots need new laces."),
    ("ben", "tents", "Does the tent stand up to wind?"),
    ("ben", "lamps", "<img src=x onerror=alert(1)> How long does it burn?"),
    ("ben", "lamps", "Is the lamp bright enough to read by?"),
    ("cid", "boots", "Are the boots warm in snow?"),
    ("cid", "lamps", "Does the lamp come with batteries?"),
    ("cid", "maps", "Do you have a map of the coast?"),
    ("dot", "cards", "May I pay by card?"),
    ("dot", "stoves", "Which gas does the stove take?"),
    *(("eve", campaign, f"Tell me about {campaign}.") for campaign in PERFORMANCE_SCORES),
    ("fay", "cards", "Which cards do you take?"),
    *(("fay", campaign, f"Tell me about {campaign}.") for campaign in UNSERVED_PERFORMANCE_SCORES),
]
CARDS_END_ON = date(9998, 12, 31)
CAMPAIGNS: list[dict[str, Any]] = [
    {"campaign_id": "boots", "name": "Boots for all weathers", "tags": ["footwear", "winter"]},
    {"campaign_id": "tents", "name": "Tents", "tags": ["camping"]},
    {"campaign_id": "lamps", "name": "Lamps", "tags": ["camping", "winter"]},
    {"campaign_id": "maps", "name": "<b>Maps</b> of the coast", "starts_on": date(1999, 1, 1)},
    {
        "campaign_id": "cards",
        "name": "Pay by card",
        "topic": "payment",
        "ends_on": CARDS_END_ON,
    },
    {"campaign_id": "sleds", "name": "Sleds", "tags": ["winter"], "is_active": False},
    {"campaign_id": "parasols", "name": "Parasols", "ends_on": date(1999, 9, 30)},
    {"campaign_id": "kites", "name": "Kites", "starts_on": date.max},
]
_DIRECTIONS = np.random.default_rng(1999).normal(size=(2, EMBEDDING_DIMENSION))
_NOISE = np.random.default_rng(3).normal(size=(len(CONVERSATIONS), EMBEDDING_DIMENSION))


@dataclass(frozen=True)
class Dataset:
    """Rows of every target; `prefix` starts every id.

    In a second round every message is sent once more, some days later: each count
    doubles, and messages stand in another batch.
    """

    prefix: str
    rounds: int = 1
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, (user, campaign, text) in enumerate(CONVERSATIONS * self.rounds):
            sent_at = datetime(1999, 3, 1, 9, tzinfo=UTC) + timedelta(hours=7 * number)
            direction = _DIRECTIONS[1 if user in ("dot", "fay") else 0]
            self.messages.append(
                {
                    "message_id": self.id(f"message-{number:02}"),
                    "user_id": self.id(user),
                    "campaign_id": self.id(campaign),
                    "text": text,
                    "sent_at": sent_at,
                    "event_day": sent_at.date(),
                    "embedding": _unit(direction + 0.4 * _NOISE[number % len(CONVERSATIONS)]),
                    "batch": self.id(f"batch-{self.rounds}"),
                    "position": number,
                    "attributes": "{}",
                }
            )

    def id(self, name: str) -> str:
        return f"{self.prefix}{name}"

    @property
    def days(self) -> list[date]:
        return sorted({message["event_day"] for message in self.messages})

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """What to write, by target name. Columns that a target lacks are left out of it."""
        engagement = self.engagement()
        return {
            "milvus/messages": self.messages,
            "milvus/user_profiles": self.profiles("user_id"),
            "milvus/campaign_profiles": self.profiles("campaign_id"),
            "neo4j/messages": self.messages,
            "neo4j/engaged_with": engagement,
            "mongo/conversations": self.messages,
            "postgres/user_engagement": engagement,
            "postgres/campaign_performance": self.performances(),
            "postgres/campaigns": self.campaigns(),
        }

    def campaigns(self) -> list[dict[str, Any]]:
        undescribed: dict[str, Any] = {
            "topic": "outdoors",
            "description": "",
            "tags": [],
            "starts_on": None,
            "ends_on": None,
            "is_active": True,
        }
        return [
            undescribed | campaign | {"campaign_id": self.id(campaign["campaign_id"])}
            for campaign in CAMPAIGNS
        ]

    def profiles(self, key: str) -> list[dict[str, Any]]:
        """Of every user, or of every campaign."""
        return [
            {
                key: id_,
                "message_count": len(sent),
                "last_at": max(message["sent_at"] for message in sent),
                "embedding": _unit(np.mean([message["embedding"] for message in sent], axis=0)),
            }
            for (id_,), sent in self._grouped(key).items()
        ]

    def engagement(self) -> list[dict[str, Any]]:
        return [
            {
                "user_id": user_id,
                "campaign_id": campaign_id,
                **_span(sent),
                "engagement_score": len(sent) / 10,
                "engagement_level": "low",
            }
            for (user_id, campaign_id), sent in self._grouped("user_id", "campaign_id").items()
        ]

    def performances(self) -> list[dict[str, Any]]:
        scores = PERFORMANCE_SCORES | UNSERVED_PERFORMANCE_SCORES
        rows = []
        for (campaign_id,), sent in self._grouped("campaign_id").items():
            days_of_user = Counter(
                user for user, _ in {(row["user_id"], row["event_day"]) for row in sent}
            )
            rows.append(
                {
                    "campaign_id": campaign_id,
                    **_span(sent),
                    "user_count": len(days_of_user),
                    "messages_per_user": len(sent) / len(days_of_user),
                    "returning_user_share": sum(days > 1 for days in days_of_user.values())
                    / len(days_of_user),
                    "recent_message_count": sum(
                        row["event_day"] > self.days[-1] - timedelta(days=7) for row in sent
                    ),
                    "performance_score": scores[campaign_id.removeprefix(self.prefix)],
                }
            )
        return rows

    def _grouped(self, *columns: str) -> dict[tuple[str, ...], list[dict[str, Any]]]:
        groups = defaultdict(list)
        for message in self.messages:
            groups[tuple(message[column] for column in columns)].append(message)
        return groups


def _span(sent: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "message_count": len(sent),
        "active_days": len({message["event_day"] for message in sent}),
        "first_at": min(message["sent_at"] for message in sent),
        "last_at": max(message["sent_at"] for message in sent),
    }


def _unit(vector: np.ndarray) -> list[float]:
    return (vector / np.linalg.norm(vector)).astype(np.float32).tolist()
