"""What `mpp` asks the running Dagster, by GraphQL over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Self

import httpx

from mpp_local import dagster_queries as queries
from mpp_local.run_events import RunEnded, RunEvent, metadata_values, parse_event

REPOSITORY = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "mpp_assets.definitions",
}
INGEST_TAG = "mpp/ingest"
"""Run tag with the id of the `mpp ingest` that launched the run."""

REQUEST_TIMEOUT_SECONDS = 30.0
POLL_SECONDS = 0.5
LONGEST_SILENCE_SECONDS = 60.0
"""How long following a run outlasts a web server that does not answer: it may be restarting."""

_LANDINGS_LOOKED_AT = 50


class DagsterUnreachable(Exception):
    """Nothing answers at the address of the Dagster web server."""


class DagsterRefused(Exception):
    """Dagster answered, and did not do what was asked. The message is Dagster's."""


@dataclass(frozen=True, slots=True)
class Landing:
    """One materialization of a batch. `ingest_id` is None when `mpp ingest` did not launch it."""

    ingest_id: str | None
    touched_days: Sequence[str]


class DagsterClient:
    """A context manager; leaving it closes the connection."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=REQUEST_TIMEOUT_SECONDS)

    def add_partition(self, partitions: str, key: str) -> None:
        """Add a key to dynamic partitions. One that exists is left alone."""
        result = self._ask(
            queries.ADD_PARTITION, repository=REPOSITORY, partitions=partitions, key=key
        )
        if result["__typename"] not in {
            "AddDynamicPartitionSuccess",
            "DuplicateDynamicPartitionError",
        }:
            raise DagsterRefused(_reason(result))

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        """Submit a run of the job. Returns the run id."""
        parameters = {
            "selector": {**REPOSITORY, "jobName": job},
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in tags.items()]
            },
        }
        result = self._ask(queries.LAUNCH_RUN, parameters=parameters)
        if result["__typename"] != "LaunchRunSuccess":
            raise DagsterRefused(f"job {job!r} was not launched: {_reason(result)}")
        return str(result["run"]["runId"])

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

    def landings(self, batch: str) -> list[Landing]:
        """Materializations of a batch, latest first."""
        result = self._ask(queries.LANDINGS, batch=batch, limit=_LANDINGS_LOOKED_AT)
        found = []
        for materialization in result.get("assetMaterializations", ()):
            tags = {
                tag["key"]: tag["value"] for tag in materialization["runOrError"].get("tags", ())
            }
            metadata = metadata_values(materialization["metadataEntries"])
            found.append(Landing(tags.get(INGEST_TAG), metadata.get("touched_days", ())))
        return found

    def has_succeeded(self, job: str, ingest_id: str) -> bool:
        """Whether that ingest's run of the job ended well."""
        filter_ = {
            "pipelineName": job,
            "statuses": ["SUCCESS"],
            "tags": [{"key": INGEST_TAG, "value": ingest_id}],
        }
        return bool(self._ask(queries.RUNS, filter=filter_).get("results"))

    @property
    def runs_url(self) -> str:
        """Where people see the runs, each below it under its id."""
        return f"{self._url}/runs"

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer to a query of one root field."""
        try:
            response = self._http.post("/graphql", json={"query": query, "variables": variables})
            response.raise_for_status()
            body = response.json()
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
