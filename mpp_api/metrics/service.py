"""What Prometheus can ask of this process. Labels are bounded: templates and names, no ids."""

import platform
from functools import partial
from importlib.metadata import version
from itertools import product
from math import nan
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from mpp_api.releases.served import ServedRelease
from mpp_stores.breaker import Breakers
from mpp_stores.feedback_kind import FeedbackKind

DISTRIBUTION: Final = "marketing-personalization-platform"
STORES: Final = ("milvus", "neo4j", "postgres", "mongo", "redis", "model")
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One registry an app, so that two apps in one process do not share counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mpp_api_requests",
            "Requests answered, by method, route template and status.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "mpp_api_request_seconds",
            "From request to the last byte of the reply.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._leg_seconds = Histogram(
            "mpp_api_leg_seconds",
            "One store call of a recommendation; outcome is answered or failed.",
            ["leg", "outcome"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._cache_results = self._counter(
            "mpp_api_cache_results",
            "Replies that can be kept, by cache result.",
            {"result": ("hit", "miss", "bypass")},
        )
        self._degraded = Counter(
            "mpp_api_degraded_replies",
            "Recommendations computed without at least one leg.",
            registry=self._registry,
        )
        self._exposures = self._counter(
            "mpp_api_exposures",
            "Replies whose campaigns were to be logged.",
            {"outcome": ("stored", "dropped")},
        )
        self._events = self._counter(
            "mpp_api_events",
            "Events sent to POST /events.",
            {"outcome": ("accepted", "rejected")},
        )
        self._feedback = self._counter(
            "mpp_api_feedback",
            "Feedback sent to POST /feedback.",
            {"kind": tuple(FeedbackKind), "outcome": ("recorded", "repeated", "rejected")},
        )
        self._retries = self._counter(
            "mpp_api_store_retries",
            "Store calls repeated after a quick failure.",
            {"store": STORES},
        )
        self._breaker = Gauge(
            "mpp_api_store_breaker_state",
            "1 while the store is left alone because it does not answer, else 0.",
            ["store"],
            registry=self._registry,
        )
        self._refused = self._counter(
            "mpp_api_refused_requests",
            "By reason: key (no valid one), role (too small), rate, size.",
            {"reason": ("key", "role", "rate", "size")},
        )
        build = Info("mpp_api_build", "What runs.", registry=self._registry)
        build.info({"version": version(DISTRIBUTION), "python": platform.python_version()})
        ProcessCollector(registry=self._registry)
        self._release_age = Gauge(
            "mpp_api_release_age_seconds",
            "Since the served release was published; NaN while none is served.",
            registry=self._registry,
        )
        self._release_stale = Gauge(
            "mpp_api_release_stale",
            "1 while the served release is older than the limit, else 0; NaN while none is served.",
            registry=self._registry,
        )

    def _counter(self, name: str, description: str, labels: dict[str, tuple[str, ...]]) -> Counter:
        """Each combination is there from the start, at 0: no increase from nothing is missed."""
        counter = Counter(name, description, [*labels], registry=self._registry)
        for values in product(*labels.values()):
            counter.labels(*values)
        return counter

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def observe_leg(self, leg: str, outcome: str, seconds: float) -> None:
        self._leg_seconds.labels(leg, outcome).observe(seconds)

    def count_cache_result(self, result: str) -> None:
        self._cache_results.labels(result).inc()

    def count_refused(self, reason: str) -> None:
        self._refused.labels(reason).inc()

    def count_retry(self, store: str) -> None:
        self._retries.labels(store).inc()

    def count_degraded_reply(self) -> None:
        self._degraded.inc()

    def count_exposures(self, outcome: str, replies: int) -> None:
        self._exposures.labels(outcome).inc(replies)

    def count_events(self, outcome: str, events: int) -> None:
        self._events.labels(outcome).inc(events)

    def count_feedback(self, kind: str, outcome: str) -> None:
        self._feedback.labels(kind, outcome).inc()

    def watch_breakers(self, breakers: Breakers) -> None:
        for store in STORES:
            self._breaker.labels(store).set_function(partial(breakers.is_left_alone, store))

    def exposition(self, served: ServedRelease | None) -> bytes:
        """The metrics in Prometheus' text format."""
        self._release_age.set(served.age().total_seconds() if served else nan)
        self._release_stale.set(served.is_stale if served else nan)
        return generate_latest(self._registry)
