"""The events of a Dagster run that matter to someone watching it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AssetPlanned:
    step: str
    asset: str


@dataclass(frozen=True, slots=True)
class StepStarted:
    """`at`, here and below, is in seconds since 1970."""

    step: str
    at: float


@dataclass(frozen=True, slots=True)
class StepLogged:
    """What a step says of itself on its way."""

    step: str
    message: str


@dataclass(frozen=True, slots=True)
class AssetMaterialized:
    """Of a range, Dagster records one for each partition, with the metadata of the whole range
    and what the partition has of its own, its `dagster/partition_row_count`."""

    step: str
    asset: str
    metadata: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class CheckEvaluated:
    """`severity` is ERROR or WARN: what it means that the check did not pass."""

    asset: str
    check: str
    passed: bool
    severity: str
    description: str
    metadata: Mapping[str, Any]

    @property
    def is_error(self) -> bool:
        return not self.passed and self.severity == "ERROR"


@dataclass(frozen=True, slots=True)
class StepFailed:
    step: str
    message: str
    at: float


@dataclass(frozen=True, slots=True)
class StepRetrying:
    step: str
    message: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    at: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """`message` says why, unless the run succeeded."""

    succeeded: bool
    message: str
    at: float


RunEvent = (
    AssetPlanned
    | StepStarted
    | StepLogged
    | AssetMaterialized
    | CheckEvaluated
    | StepFailed
    | StepRetrying
    | RunStarted
    | RunEnded
)


def parse_event(event: Mapping[str, Any]) -> RunEvent | None:
    """A GraphQL event of `RUN_EVENTS`; None when nobody needs to see it."""
    parsed: RunEvent | None = None
    match event["__typename"]:
        case "AssetMaterializationPlannedEvent":
            parsed = AssetPlanned(event["stepKey"], _asset(event))
        case "ExecutionStepStartEvent" | "ExecutionStepRestartEvent":
            parsed = StepStarted(event["stepKey"], _seconds(event))
        case "LogMessageEvent" if event["level"] == "INFO" and event["stepKey"]:
            parsed = StepLogged(event["stepKey"], event["message"])
        case "MaterializationEvent":
            metadata = metadata_values(event["metadataEntries"])
            parsed = AssetMaterialized(event["stepKey"], _asset(event), metadata, _seconds(event))
        case "AssetCheckEvaluationEvent":
            parsed = _check(event["evaluation"])
        case "ExecutionStepFailureEvent":
            parsed = StepFailed(event["stepKey"], _root_cause(event), _seconds(event))
        case "ExecutionStepUpForRetryEvent":
            parsed = StepRetrying(event["stepKey"], _root_cause(event))
        case "RunStartEvent":
            parsed = RunStarted(_seconds(event))
        case "RunSuccessEvent":
            parsed = RunEnded(succeeded=True, message="", at=_seconds(event))
        case "RunFailureEvent" | "RunCanceledEvent":
            parsed = RunEnded(succeeded=False, message=_root_cause(event), at=_seconds(event))
    return parsed


def metadata_values(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Metadata by label: numbers, booleans, texts and decoded JSON. Other kinds are left out."""
    values: dict[str, Any] = {}
    for entry in entries:
        match entry:
            case {"label": label, "intRepr": number}:
                # As text, because GraphQL's Int ends at 32 bits.
                values[label] = int(number)
            case (
                {"label": label, "floatValue": value}
                | {"label": label, "boolValue": value}
                | {"label": label, "text": value}
                | {"label": label, "mdStr": value}
            ):
                values[label] = value
            case {"label": label, "jsonString": text}:
                values[label] = json.loads(text)
    return values


def _check(evaluation: Mapping[str, Any]) -> CheckEvaluated:
    return CheckEvaluated(
        asset=_asset(evaluation),
        check=evaluation["checkName"],
        passed=evaluation["success"],
        severity=evaluation["severity"],
        description=evaluation["description"] or "",
        metadata=metadata_values(evaluation["metadataEntries"]),
    )


def _asset(holder: Mapping[str, Any]) -> str:
    return "/".join(holder["assetKey"]["path"])


def _seconds(event: Mapping[str, Any]) -> float:
    return int(event["timestamp"]) / 1000


def _root_cause(event: Mapping[str, Any]) -> str:
    """Dagster wraps what an asset raised in errors of its own."""
    error = event.get("error")
    if not error:
        return str(event["message"])
    return str([error, *error["causes"]][-1]["message"]).strip()
