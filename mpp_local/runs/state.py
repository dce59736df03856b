"""What is known of a run so far, gathered from its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mpp_local.runs.events import (
    AssetMaterialized,
    AssetPlanned,
    CheckEvaluated,
    RunEnded,
    RunEvent,
    RunStarted,
    StepFailed,
    StepLogged,
    StepRetrying,
    StepStarted,
)

ROW_COUNT_LABELS = ("rows", "dagster/row_count", "dagster/partition_row_count")


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(slots=True)
class AssetState:
    """`message` is what the asset's step said last: how it gets on, or why it failed."""

    name: str
    state: State = State.WAITING
    metadata: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def rows(self) -> int | None:
        for label in ROW_COUNT_LABELS:
            if label in self.metadata:
                return int(self.metadata[label])
        return None

    def elapsed_seconds(self, now: float) -> float | None:
        if self.started_at is None:
            return None
        return max(0.0, (self.ended_at or now) - self.started_at)


@dataclass(slots=True)
class RunState:
    """`label` says to people what the run does: its job and its partitions."""

    run_id: str
    label: str
    started: bool = False
    ended: RunEnded | None = None
    assets: dict[str, AssetState] = field(default_factory=dict)
    checks: list[CheckEvaluated] = field(default_factory=list)
    _assets_of_step: dict[str, list[AssetState]] = field(default_factory=dict)

    def apply(self, event: RunEvent) -> list[AssetState]:
        """Take note of the event. Returns the assets whose state it changed."""
        changed: list[AssetState] = []
        match event:
            case AssetPlanned(step, asset):
                changed = self._plan(step, asset)
            case RunStarted():
                self.started = True
            case StepStarted(step, at):
                changed = self._set(step, State.RUNNING, started_at=at, message="")
            case StepLogged(step, message):
                changed = self._note(step, message)
            case StepRetrying(step, message):
                changed = self._set(step, State.RETRYING, message=message)
            case StepFailed(step, message, at):
                changed = self._set(step, State.FAILED, message=message, ended_at=at)
            case AssetMaterialized():
                changed = self._materialize(event)
            case CheckEvaluated():
                self.checks.append(event)
            case RunEnded():
                self.ended = event
                changed = [each for each in self.assets.values() if each.state is State.WAITING]
                for never_started in changed:
                    never_started.state = State.SKIPPED
        return changed

    @property
    def failed_checks(self) -> list[CheckEvaluated]:
        return [check for check in self.checks if not check.passed]

    def failures(self) -> list[str]:
        """Why the run failed: one sentence an asset, or one for the whole run."""
        failed = [asset for asset in self.assets.values() if asset.state is State.FAILED]
        if failed:
            return [f"{asset.name} failed: {asset.message}" for asset in failed]
        if self.ended is not None and not self.ended.succeeded:
            return [f"{self.label} failed: {self.ended.message}"]
        return []

    def _plan(self, step: str, asset: str) -> list[AssetState]:
        if asset in self.assets:
            return []
        planned = self.assets[asset] = AssetState(asset)
        self._assets_of_step.setdefault(step, []).append(planned)
        return [planned]

    def _materialize(self, event: AssetMaterialized) -> list[AssetState]:
        self._plan(event.step, event.asset)
        asset = self.assets[event.asset]
        is_first = asset.state is not State.DONE
        asset.state, asset.metadata, asset.ended_at = State.DONE, event.metadata, event.at
        return [asset] if is_first else []

    def _note(self, step: str, message: str) -> list[AssetState]:
        assets = self._assets_of_step.get(step, [])
        running = [asset for asset in assets if asset.state is State.RUNNING]
        for asset in running:
            asset.message = message
        return running

    def _set(self, step: str, state: State, **changes: Any) -> list[AssetState]:
        assets = self._assets_of_step.setdefault(step, [])
        if not assets and state is State.FAILED:
            # A step of its own for a check has no asset.
            self._plan(step, step)
        for asset in assets:
            asset.state = state
            for name, value in changes.items():
                setattr(asset, name, value)
        return assets
