import json
from typing import Any

import httpx
import pytest
from dagster_graphql.schema import create_schema
from graphql import parse, validate

from mpp_local.runs import queries
from mpp_local.runs.client import DagsterClient, DagsterRefused, DagsterUnreachable, Run
from mpp_local.runs.events import RunEnded

RUN = {
    "runId": "1f0c2a9b",
    "jobName": "land",
    "status": "STARTED",
    "creationTime": 10.0,
    "tags": [{"key": "dagster/partition", "value": "a.json"}],
}


class Answers:
    """What Dagster answers, request by request, and what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.variables: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.variables.append(json.loads(request.content)["variables"])
        answer = next(self._answers)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def client(self) -> DagsterClient:
        return DagsterClient("http://dagster", httpx.MockTransport(self))


def runs(*found: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"runsOrError": {"__typename": "Runs", "results": list(found)}}}


@pytest.mark.parametrize("name", ["LAUNCH_RUN", "RUNS", "RUN_EVENTS"])
def test_a_query_is_one_that_this_dagster_understands(name: str) -> None:
    schema = create_schema().graphql_schema
    assert validate(schema, parse(getattr(queries, name))) == []


def test_runs_in_progress_and_new_ones_come_once_and_in_order() -> None:
    newer = RUN | {"runId": "2", "creationTime": 20.0}
    answers = Answers(runs(newer, RUN), runs(RUN))
    with answers.client() as dagster:
        found = dagster.runs_since(5.0)
    assert [run.run_id for run in found] == ["1f0c2a9b", "2"]
    assert answers.variables[0]["filter"] == {"createdAfter": 5.0}
    assert "STARTED" in answers.variables[1]["filter"]["statuses"]


@pytest.mark.parametrize(
    ("tags", "label"),
    [
        ({"dagster/partition": "a.json"}, "land a.json"),
        (
            {
                "dagster/asset_partition_range_start": "a.json",
                "dagster/asset_partition_range_end": "c.json",
            },
            "land a.json to c.json",
        ),
        (
            {
                "dagster/asset_partition_range_start": "a.json",
                "dagster/asset_partition_range_end": "a.json",
            },
            "land a.json",
        ),
        ({}, "land"),
    ],
)
def test_a_run_is_called_after_its_job_and_its_partitions(tags: dict[str, str], label: str) -> None:
    assert Run("1", "land", "STARTED", 0.0, tags).label == label


@pytest.mark.parametrize(
    ("status", "in_progress"), [("QUEUED", True), ("CANCELING", True), ("FAILURE", False)]
)
def test_a_run_is_in_progress_until_it_ended(status: str, in_progress: bool) -> None:
    assert Run("1", "land", status, 0.0, {}).in_progress is in_progress


@pytest.mark.parametrize(
    ("status", "is_queued"), [("QUEUED", True), ("NOT_STARTED", True), ("STARTING", False)]
)
def test_a_run_is_queued_until_the_daemon_starts_it(status: str, is_queued: bool) -> None:
    assert Run("1", "land", status, 0.0, {}).is_queued is is_queued


def test_a_job_is_launched_and_its_run_returned() -> None:
    launched = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "1f0c2a9b"}}}
    answers = Answers({"data": launched}, runs(RUN))
    with answers.client() as dagster:
        assert dagster.launch("land").label == "land a.json"
    parameters = answers.variables[0]["parameters"]
    assert parameters["selector"]["jobName"] == "land"
    assert parameters["executionMetadata"]["tags"] == []


def test_a_job_can_be_launched_for_a_range_of_days() -> None:
    launched = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "1f0c2a9b"}}}
    answers = Answers({"data": launched}, runs(RUN))
    with answers.client() as dagster:
        dagster.launch("refresh", days=("2026-11-01", "2026-11-30"))
    tags = answers.variables[0]["parameters"]["executionMetadata"]["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {
        "dagster/asset_partition_range_start": "2026-11-01",
        "dagster/asset_partition_range_end": "2026-11-30",
    }


def test_what_dagster_refuses_is_told_in_its_words() -> None:
    refused = {"launchRun": {"__typename": "PipelineNotFoundError", "message": "no such job"}}
    with (
        Answers({"data": refused}).client() as dagster,
        pytest.raises(DagsterRefused, match="no such job"),
    ):
        dagster.launch("land")


def test_an_answer_that_is_no_graphql_is_no_dagster() -> None:
    with (
        Answers(httpx.Response(502, text="bad gateway")).client() as dagster,
        pytest.raises(DagsterUnreachable, match=r"http://dagster answers 502 Bad Gateway$"),
    ):
        dagster.runs_since(0.0)


def test_a_log_is_followed_by_its_cursor_up_to_the_end_of_the_run() -> None:
    def page(cursor: str, *events: dict[str, Any]) -> dict[str, Any]:
        connection = {"__typename": "EventConnection", "cursor": cursor, "hasMore": True}
        return {"data": {"logsForRun": connection | {"events": list(events)}}}

    ended = {"__typename": "RunSuccessEvent", "timestamp": "1000"}
    answers = Answers(page("1"), page("2", ended))
    with answers.client() as dagster:
        events = [event for event in dagster.follow("1f0c2a9b") if event is not None]
    assert events == [RunEnded(succeeded=True, message="", at=1.0)]
    assert [asked["cursor"] for asked in answers.variables] == [None, "1"]
