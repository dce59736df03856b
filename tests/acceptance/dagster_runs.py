"""The stack's Dagster, through the GraphQL that its UI uses."""

from typing import Any

import httpx

from mpp_local.runs.client import REPOSITORY
from tests.waiting import wait_until

LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""
RUNS = """
query Runs($limit: Int!) {
  runsOrError(limit: $limit) {
    ... on Runs { results { runId jobName status startTime endTime creationTime } }
  }
}
"""

SCHEDULES = """
query Schedules($repository: RepositorySelector!) {
  schedulesOrError(repositorySelector: $repository) {
    ... on Schedules { results { id name } }
  }
}
"""
STOP_SCHEDULE = """
mutation Stop($id: String!) {
  stopRunningSchedule(id: $id) { ... on ScheduleStateResult { scheduleState { status } } }
}
"""
FAILED_TICKS = """
query Ticks($repository: RepositorySelector!) {
  sensorsOrError(repositorySelector: $repository) {
    ... on Sensors {
      results { name sensorState { ticks(statuses: [FAILURE]) { error { message } } } }
    }
  }
}
"""


class Dagster:
    def __init__(self, url: str) -> None:
        self._url = url

    def materialize_day(self, asset: list[str], day: str) -> str:
        """Launch the asset's materialization of one day. Returns the run id."""
        parameters = {
            "selector": {
                **REPOSITORY,
                "jobName": "__ASSET_JOB",
                "assetSelection": [{"path": asset}],
            },
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": day}]},
        }
        launched = self._ask(LAUNCH, parameters=parameters)["launchRun"]
        assert "run" in launched, launched
        return str(launched["run"]["runId"])

    def runs(self, limit: int) -> list[dict[str, Any]]:
        """The runs that were created last, latest first; times in seconds since 1970."""
        found: list[dict[str, Any]] = self._ask(RUNS, limit=limit)["runsOrError"]["results"]
        return found

    def stop_schedules(self) -> None:
        for schedule in self._ask(SCHEDULES, repository=REPOSITORY)["schedulesOrError"]["results"]:
            stopped = self._ask(STOP_SCHEDULE, id=schedule["id"])["stopRunningSchedule"]
            assert stopped["scheduleState"]["status"] == "STOPPED"

    def failed_ticks(self) -> dict[str, list[str]]:
        """What went wrong while sensors looked, by sensor."""
        sensors = self._ask(FAILED_TICKS, repository=REPOSITORY)["sensorsOrError"]["results"]
        return {
            sensor["name"]: [tick["error"]["message"] for tick in sensor["sensorState"]["ticks"]]
            for sensor in sensors
        }

    def wait_until_idle(self) -> None:
        """Until no run is queued or running."""
        ended = {"SUCCESS", "FAILURE", "CANCELED"}
        wait_until(lambda: all(run["status"] in ended for run in self.runs(20)), every=1)

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        reply = httpx.post(
            f"{self._url}/graphql", json={"query": query, "variables": variables}, timeout=30
        )
        data: dict[str, Any] = reply.json()["data"]
        return data
