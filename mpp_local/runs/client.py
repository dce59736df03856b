"""What `mpp` asks the running Dagster, by GraphQL over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Self

import httpx

from mpp_local.runs import queries
from mpp_local.runs.events import RunEnded, RunEvent, parse_event

REPOSITORY = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "mpp_assets.definitions",
}
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
WILL_RETRY_TAG = "dagster/will_retry"
RETRY_RUN_TAG = "dagster/auto_retry_run_id"

ENDED_STATUSES = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
QUEUED_STATUSES = ["QUEUED", "NOT_STARTED"]
IN_PROGRESS_STATUSES = [*QUEUED_STATUSES, "STARTING", "STARTED", "CANCELING"]

REQUEST_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.5
LONGEST_SILENCE_SECONDS = 60.0
"""How long following a run outlasts a web server that does not answer: it may be restarting."""

_RUNS_LOOKED_AT = 200


class DagsterUnreachable(Exception):
    """Nothing answers at the address of the Dagster web server, or nothing but an error."""


class DagsterRefused(Exception):
    """Dagster answered, and did not do what was asked. The message is Dagster's."""


@dataclass(frozen=True, slots=True)
class Run:
    """`created_at` is in seconds since 1970."""

    run_id: str
    job: str
    status: str
    created_at: float
    tags: Mapping[str, str]

    @property
    def in_progress(self) -> bool:
        return self.status not in ENDED_STATUSES

    @property
    def is_queued(self) -> bool:
        """Whether the daemon has yet to start it."""
        return self.status in QUEUED_STATUSES

    @property
    def is_retry_decided(self) -> bool:
        """Of one that failed. Dagster decides a moment later."""
        return WILL_RETRY_TAG in self.tags

    @property
    def will_retry(self) -> bool:
        """Whether Dagster starts another run in place of this one, whose process died."""
        return self.tags.get(WILL_RETRY_TAG) == "true"

    @property
    def retry_run_id(self) -> str | None:
        """The run that Dagster started in place of this one, once it did."""
        return self.tags.get(RETRY_RUN_TAG)

    @property
    def label(self) -> str:
        """What the run does, for people: its job and its partitions."""
        first = self.tags.get(RANGE_START_TAG, self.tags.get(PARTITION_TAG, ""))
        last = self.tags.get(RANGE_END_TAG, first)
        return f"{self.job} {first if first == last else f'{first} to {last}'}".rstrip()


class DagsterClient:
    """A context manager; leaving it closes the connection."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url
        self._http = httpx.Client(
            base_url=url, timeout=REQUEST_TIMEOUT_SECONDS, transport=transport
        )

    def launch(self, job: str, *, days: tuple[str, str] | None = None) -> Run:
        """Submit a run of the job, of the days from one to another."""
        tags = dict(zip((RANGE_START_TAG, RANGE_END_TAG), days or (), strict=False))
        parameters = {
            "selector": {**REPOSITORY, "jobName": job},
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in tags.items()]
            },
        }
        result = self._ask(queries.LAUNCH_RUN, parameters=parameters)
        if result["__typename"] != "LaunchRunSuccess":
            raise DagsterRefused(f"job {job!r} was not launched: {_reason(result)}")
        return self.run(str(result["run"]["runId"]))

    def run(self, run_id: str) -> Run:
        """The run as it is now."""
        found = self._runs(runIds=[run_id])
        if not found:
            raise DagsterRefused(f"there is no run {run_id}")
        return found[0]

    def runs_since(self, moment: float) -> list[Run]:
        """The runs in progress and those created after `moment`, of any job, in the order of
        their creation."""
        found = [*self._runs(createdAfter=moment), *self.runs_in_progress()]
        by_id = {run.run_id: run for run in found}
        return sorted(by_id.values(), key=lambda run: run.created_at)

    def runs_in_progress(self) -> Sequence[Run]:
        """Of any job, queued ones too."""
        return self._runs(statuses=IN_PROGRESS_STATUSES)

    def follow(self, run_id: str) -> Iterator[RunEvent | None]:
        """The run's events as they happen, up to its end. None after each look at the log."""
        cursor: str | None = None
        answered_at = monotonic()
        while True:
            try:
                page = self._ask(queries.RUN_EVENTS, run=run_id, cursor=cursor)
                answered_at = monotonic()
            except DagsterUnreachable:
                if monotonic() - answered_at > LONGEST_SILENCE_SECONDS:
                    raise
                page = {"events": [], "cursor": cursor, "hasMore": False}
            if "events" not in page:
                raise DagsterRefused(_reason(page))
            cursor = page["cursor"]
            for logged in page["events"]:
                event = parse_event(logged)
                if event is not None:
                    yield event
                if isinstance(event, RunEnded):
                    return
            yield None
            if not page["hasMore"]:
                sleep(POLL_SECONDS)

    @property
    def url(self) -> str:
        """Where people see the UI."""
        return self._url

    def run_url(self, run_id: str) -> str:
        """Where people see the run."""
        return f"{self._url}/runs/{run_id}"

    def _runs(self, **filter_: Any) -> Sequence[Run]:
        result = self._ask(queries.RUNS, filter=filter_, limit=_RUNS_LOOKED_AT)
        if "results" not in result:
            raise DagsterRefused(_reason(result))
        return [
            Run(
                run_id=found["runId"],
                job=found["jobName"],
                status=found["status"],
                created_at=found["creationTime"],
                tags={tag["key"]: tag["value"] for tag in found["tags"]},
            )
            for found in result["results"]
        ]

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer to a query of one root field."""
        try:
            response = self._http.post("/graphql", json={"query": query, "variables": variables})
            response.raise_for_status()
            body = response.json()
        except httpx.HTTPStatusError as error:
            status = f"{error.response.status_code} {error.response.reason_phrase}"
            raise DagsterUnreachable(f"Dagster at {self._url} answers {status}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise DagsterUnreachable(f"Dagster does not answer at {self._url}: {error}") from error
        if body.get("errors"):
            raise DagsterRefused("; ".join(error["message"] for error in body["errors"]))
        (answer,) = body["data"].values()
        return dict(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.close()


def _reason(result: Mapping[str, Any]) -> str:
    return str(result.get("message") or result["__typename"])
