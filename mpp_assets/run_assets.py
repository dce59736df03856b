"""Assets materialized and checked in this process, for an orchestrator other than Dagster's.

    python -m mpp_assets.run_assets --day 2026-11-18 neo4j/messages neo4j/engaged_with

does for these assets what the sensors and the daily schedule would: lands the files that are
due, materializes the day and every other day that is owed to readers (see `owed_days`), and
runs the assets' checks. Every run is kept in the Dagster instance of DAGSTER_HOME, where the
UI shows it.

`dagster asset materialize` is not enough: it takes one range of days, lands nothing, asks
for freshness, and ends the same way for what may be tried again and what may not.
"""

import argparse
import logging
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from threading import Thread
from time import time

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from mpp_assets.definitions import definitions
from mpp_assets.defs.automation import daily_refresh, refresh_days
from mpp_assets.defs.conversations.refreshes import day_ranges
from mpp_assets.defs.landing.assets import landed_events
from mpp_assets.defs.landing.sensors import (
    BATCHES_A_TICK,
    Asked,
    decide_landings,
    files_found,
    land_job,
    landed_fingerprint,
    new_batches,
    requests_for,
)
from mpp_assets.jobs.owed_days import owed_days
from mpp_assets.partitions import BATCHES, range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.lake import Lake

ORCHESTRATOR_TAG = "mpp/orchestrator"
"""On every run of this module: who asked for it. Nobody asks for two at a time."""


class Status(IntEnum):
    """What the process ends with. `FAILED` may go better the next time; `REFUSED` will not:
    a blocking check failed, or a store or the pipeline refused."""

    DONE = 0
    FAILED = 1
    REFUSED = 3


class AssetRunner:
    """Runs parts of the repository's jobs on a Dagster instance, asked for by `orchestrator`."""

    def __init__(
        self,
        repository: dg.RepositoryDefinition,
        instance: dg.DagsterInstance,
        orchestrator: str,
    ) -> None:
        self._repository = repository
        self._instance = instance
        self._tags = {ORCHESTRATOR_TAG: orchestrator}

    def fail_unfinished_runs(self, reason: str) -> None:
        """Those of a process that ends or was killed: Dagster would count them as running for
        ever, and start nothing else that uses the stores."""
        unfinished = dg.RunsFilter(tags=self._tags, statuses=NOT_FINISHED_STATUSES)
        for run in self._instance.get_runs(unfinished):
            self._instance.report_run_failed(run, reason)

    def end_with_its_process(self) -> None:
        """From here on, SIGTERM ends the run and the process at once.

        Left to Dagster, the interruption is an error of the step, which its retry policy
        tries again. Signals are therefore watched beside whatever handler is in place.
        """
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        signal.signal(signal.SIGTERM, signal.default_int_handler)

        def watch() -> None:
            while os.read(reader, 1)[0] != signal.SIGTERM:
                pass
            self.fail_unfinished_runs("the process was asked to end")
            os._exit(128 + signal.SIGTERM)

        Thread(target=watch, daemon=True).start()

    def land(self) -> Status:
        """Land the files that are new, changed or withdrawn, each once.

        The check is asked when nothing is due as well, and looks at all batches then: what it
        found wrong the last time is not due again.
        """
        settings, now = PipelineSettings(), time()
        lake = Lake(settings.lake)
        found, asked = dict(files_found(settings, now)), dict[str, Asked]()
        outcomes: list[Status] = []
        while True:
            landings = decide_landings(
                found,
                asked,
                lambda batch: landed_fingerprint(lake, batch),
                BATCHES_A_TICK,
                is_landing=False,
                now=now,
            )
            if not landings.batches:
                break
            known = self._instance.get_dynamic_partitions(BATCHES.name or "")
            new = new_batches(landings.batches, known)
            self._instance.add_dynamic_partitions(BATCHES.name or "", new)
            for request in requests_for(landings.batches, [*known, *new]):
                tags = dict(request.tags)
                if request.partition_key is not None:
                    tags["dagster/partition"] = request.partition_key
                outcomes.append(self.run(land_job.name, [landed_events.key], tags))
            asked = landings.asked
        if not outcomes:
            outcomes = [self.run(land_job.name, [landed_events.key], only_checks=True)]
        return max(outcomes)

    def refresh(self, keys: Sequence[dg.AssetKey], day: date) -> Status:
        """Materialize the assets: the daily ones for `day` and the days that are owed."""
        job, graph = daily_refresh.job_name, self._repository.asset_graph
        daily = [key for key in keys if graph.get(key).partitions_def is not None]
        if not daily:
            return self.run(job, keys)
        settings = PipelineSettings()
        ranges = day_ranges({day, *owed_days(settings, Lake(settings.lake))})
        *earlier, last = (range_tags(*map(date.isoformat, days)) for days in ranges)
        for tags in earlier:
            if status := self.run(refresh_days.name, daily, tags):
                return status
        return self.run(job, keys, last)

    def run(
        self,
        job_name: str,
        keys: Iterable[dg.AssetKey],
        tags: Mapping[str, str] | None = None,
        *,
        only_checks: bool = False,
    ) -> Status:
        """One run of these assets of the job, with those of their checks that the job has."""
        job, selected = self._repository.get_job(job_name), frozenset(keys)
        checks = job.asset_layer.asset_graph.asset_check_keys
        subset = job.get_subset(
            asset_selection=frozenset() if only_checks else selected,
            asset_check_selection={check for check in checks if check.asset_key in selected},
        )
        try:
            subset.execute_in_process(instance=self._instance, tags={**self._tags, **(tags or {})})
        except DagsterAssetCheckFailedError:
            return Status.REFUSED
        except dg.Failure as failure:
            return Status.FAILED if failure.allow_retries else Status.REFUSED
        except Exception:
            logging.getLogger(__name__).exception("the run failed")
            return Status.FAILED
        return Status.DONE


def main() -> Status:
    parser = argparse.ArgumentParser(description="Materialize and check assets in this process.")
    parser.add_argument("assets", nargs="+", metavar="ASSET", help="such as neo4j/messages")
    parser.add_argument("--day", type=date.fromisoformat, required=True, help="a UTC day")
    parser.add_argument("--orchestrator", default="command line", help="who asks; a tag of runs")
    arguments = parser.parse_args()
    keys = [dg.AssetKey.from_user_string(name) for name in arguments.assets]
    with dg.DagsterInstance.get() as instance:
        repository = definitions.get_repository_def()
        runner = AssetRunner(repository, instance, arguments.orchestrator)
        runner.fail_unfinished_runs("the process ended without saying so")
        runner.end_with_its_process()
        if landed_events.key in keys:
            keys.remove(landed_events.key)
            if status := runner.land():
                return status
        return runner.refresh(keys, arguments.day) if keys else Status.DONE


if __name__ == "__main__":
    raise SystemExit(main())
