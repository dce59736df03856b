import pytest

from mpp_local.runs.events import (
    AssetMaterialized,
    AssetPlanned,
    CheckEvaluated,
    RunEnded,
    StepFailed,
    StepLogged,
    StepStarted,
    metadata_values,
    parse_event,
)

MESSAGES = {"path": ["milvus", "messages"]}


def test_a_planned_asset_tells_its_step() -> None:
    event = {
        "__typename": "AssetMaterializationPlannedEvent",
        "stepKey": "milvus__messages",
        "assetKey": MESSAGES,
    }
    assert parse_event(event) == AssetPlanned("milvus__messages", "milvus/messages")


def test_times_are_in_seconds() -> None:
    event = {
        "__typename": "ExecutionStepStartEvent",
        "stepKey": "milvus__messages",
        "timestamp": "1795499367669",
    }
    assert parse_event(event) == StepStarted("milvus__messages", 1795499367.669)


def test_a_materialization_carries_its_metadata() -> None:
    event = {
        "__typename": "MaterializationEvent",
        "stepKey": "milvus__messages",
        "timestamp": "1000",
        "assetKey": MESSAGES,
        "metadataEntries": [{"label": "written", "intRepr": "3"}],
    }
    expected = AssetMaterialized("milvus__messages", "milvus/messages", {"written": 3}, 1.0)
    assert parse_event(event) == expected


def test_metadata_keeps_numbers_booleans_texts_and_json_and_leaves_out_the_rest() -> None:
    entries = [
        {"label": "rows", "intRepr": "9999999999"},
        {"label": "share", "floatValue": 0.5},
        {"label": "model", "text": "minilm"},
        {"label": "withdrawn", "boolValue": False},
        {"label": "days", "jsonString": '["1999-03-01"]'},
        {"label": "schema"},
    ]
    assert metadata_values(entries) == {
        "rows": 9_999_999_999,
        "share": 0.5,
        "model": "minilm",
        "withdrawn": False,
        "days": ["1999-03-01"],
    }


def test_what_a_step_says_of_itself_is_shown() -> None:
    said = {
        "__typename": "LogMessageEvent",
        "stepKey": "lake__message_embeddings",
        "level": "INFO",
        "message": "embedded 5,000 of 9,000 texts",
    }
    expected = StepLogged("lake__message_embeddings", "embedded 5,000 of 9,000 texts")
    assert parse_event(said) == expected
    assert parse_event(said | {"level": "DEBUG"}) is None
    assert parse_event(said | {"stepKey": None}) is None


def test_a_failed_step_says_what_the_asset_raised() -> None:
    event = {
        "__typename": "ExecutionStepFailureEvent",
        "stepKey": "milvus__messages",
        "timestamp": "1000",
        "message": 'Execution of step "milvus__messages" failed.',
        "error": {
            "message": "DagsterExecutionStepExecutionError: Error occurred while executing op\n",
            "causes": [{"message": "StoreUnavailable: milvus: could not write\n"}],
        },
    }
    expected = StepFailed("milvus__messages", "StoreUnavailable: milvus: could not write", 1.0)
    assert parse_event(event) == expected


@pytest.mark.parametrize("kind", ["RunFailureEvent", "RunCanceledEvent"])
def test_a_run_that_ended_badly_without_an_error_says_so_in_dagsters_words(kind: str) -> None:
    event = {"__typename": kind, "timestamp": "1000", "message": "Run was canceled.", "error": None}
    assert parse_event(event) == RunEnded(succeeded=False, message="Run was canceled.", at=1.0)


@pytest.mark.parametrize(
    ("success", "severity", "is_error"),
    [(True, "ERROR", False), (False, "WARN", False), (False, "ERROR", True)],
)
def test_a_check_is_an_error_when_it_did_not_pass_and_that_matters(
    success: bool, severity: str, is_error: bool
) -> None:
    event = {
        "__typename": "AssetCheckEvaluationEvent",
        "evaluation": {
            "checkName": "not_empty",
            "success": success,
            "severity": severity,
            "description": None,
            "assetKey": MESSAGES,
            "metadataEntries": [{"label": "ids", "jsonString": '["a"]'}],
        },
    }
    expected = CheckEvaluated("milvus/messages", "not_empty", success, severity, "", {"ids": ["a"]})
    assert parse_event(event) == expected
    assert expected.is_error is is_error


def test_an_event_that_nobody_watches_is_none() -> None:
    assert parse_event({"__typename": "EngineEvent", "timestamp": "1000"}) is None
