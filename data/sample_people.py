"""Who talks, in which campaigns, and when.

A user has two or three interests that stay the same over the month and has met
only some of the campaigns about them. The campaigns not met yet are what a good
recommendation finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sample_messages import Campaign, Phrasebook

FIRST_DAY = datetime(2026, 10, 20, tzinfo=UTC)
DAY_COUNT = 30
USER_COUNT = 220

# Interests that go together, so that users resemble each other.
INTEREST_GROUPS = [
    ("running", "travel", "coffee"),
    ("gardening", "pets", "coffee"),
    ("skincare", "streaming", "travel"),
    ("home_office", "coffee", "streaming"),
    ("running", "skincare", "pets"),
    ("gardening", "travel", "streaming"),
    ("pets", "home_office", "running"),
]
BOTH_CAMPAIGNS_SHARE = 0.3  # of a user's interests where the user met every campaign
STRAY_CAMPAIGN_SHARE = 0.12  # of users tried one campaign outside their interests
MOST_ACTIVE = 15.0  # times the activity of the quietest user

# Relative activity by UTC hour (lunch and evening peaks) and by weekday, Monday first.
HOUR_WEIGHTS = [
    *(4, 2, 1, 1, 1, 3, 9, 18, 26, 28, 27, 31),
    *(40, 34, 26, 25, 28, 36, 48, 60, 64, 50, 28, 12),
]
WEEKDAY_WEIGHTS = [10, 9, 9, 10, 11, 15, 17]


@dataclass(frozen=True)
class User:
    """`activity` is relative and long-tailed: a few users write most."""

    user_id: str
    campaigns: list[Campaign]
    campaign_weights: list[float]
    activity: float


@dataclass(frozen=True)
class Event:
    user_id: str
    campaign: Campaign
    text: str
    sent_at: datetime


def make_users(rng: Random, campaigns: list[Campaign]) -> list[User]:
    return [_make_user(rng, f"user-{number:03}", campaigns) for number in range(1, USER_COUNT + 1)]


def converse(rng: Random, phrasebook: Phrasebook, user: User) -> Iterator[Event]:
    """One conversation of one to four messages, some minutes apart, within the month."""
    campaign = rng.choices(user.campaigns, user.campaign_weights)[0]
    sent_at = _conversation_start(rng)
    yield Event(user.user_id, campaign, phrasebook.opening(campaign), sent_at)
    for _ in range(rng.choices(range(4), [50, 28, 14, 8])[0]):
        sent_at += timedelta(seconds=20 + int(rng.expovariate(1 / 240)))
        if sent_at >= FIRST_DAY + timedelta(days=DAY_COUNT):
            return
        yield Event(user.user_id, campaign, phrasebook.reply(campaign), sent_at)


def _make_user(rng: Random, user_id: str, campaigns: list[Campaign]) -> User:
    group = list(rng.choice(INTEREST_GROUPS))
    rng.shuffle(group)
    interests = group[: rng.choice([2, 3])]
    met: list[Campaign] = []
    weights: list[float] = []
    for rank, interest in enumerate(interests):
        about = [campaign for campaign in campaigns if campaign.topic == interest]
        chosen = about if rng.random() < BOTH_CAMPAIGNS_SHARE else [rng.choice(about)]
        met.extend(chosen)
        weights.extend([1 / (rank + 1)] * len(chosen))
    if rng.random() < STRAY_CAMPAIGN_SHARE:
        met.append(rng.choice([c for c in campaigns if c.topic not in interests]))
        weights.append(0.15)
    return User(user_id, met, weights, activity=min(rng.paretovariate(1.4), MOST_ACTIVE))


def _conversation_start(rng: Random) -> datetime:
    days = [FIRST_DAY + timedelta(days=offset) for offset in range(DAY_COUNT)]
    day = rng.choices(days, [WEEKDAY_WEIGHTS[day.weekday()] for day in days])[0]
    hour = rng.choices(range(24), HOUR_WEIGHTS)[0]
    return day + timedelta(hours=hour, seconds=int(rng.random() * 3600))
