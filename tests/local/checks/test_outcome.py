from mpp_local.checks.outcome import ChecksOutcome, run_checks
from mpp_local.checks.table import print_outcome
from mpp_local.runs.events import CheckEvaluated, StepFailed
from tests.local.sensed_dagster import SensedDagster
from tests.local.shown import shown

PASSED = CheckEvaluated("milvus/messages", "unit_length", True, "ERROR", "", {"rows": 3})
WARNED = CheckEvaluated("lake/events", "few", False, "WARN", "fewer than usual", {})
FAILED = CheckEvaluated(
    "neo4j/messages", "no_orphan", False, "ERROR", "", {"orphans": ["m[1]", "m2"]}
)


def outcome_of(*events: CheckEvaluated | StepFailed, succeeds: bool = True) -> ChecksOutcome:
    dagster = SensedDagster()
    dagster.start("check", *events, succeeds=succeeds)
    return run_checks(dagster, lambda run, changed: None)


def test_a_warning_is_no_failure() -> None:
    outcome = outcome_of(PASSED, WARNED)
    assert outcome.ok
    assert outcome.checks == [WARNED, PASSED]


def test_a_check_of_severity_error_is_a_failure_although_the_run_succeeds() -> None:
    assert not outcome_of(PASSED, FAILED).ok


def test_a_check_that_could_not_be_evaluated_is_a_failure() -> None:
    step = StepFailed("milvus_messages_unit_length", "StoreUnavailable: milvus", 1.0)
    outcome = outcome_of(PASSED, step, succeeds=False)
    assert not outcome.ok
    assert outcome.failures == ["milvus_messages_unit_length failed: StoreUnavailable: milvus"]


def test_every_check_is_shown_and_of_the_failed_ones_what_they_found() -> None:
    outcome = outcome_of(PASSED, WARNED, FAILED)
    text = shown(lambda console: print_outcome(outcome, console))
    assert "unit_length" in text
    assert "rows: 3" not in text
    assert "fewer than usual" in text
    assert 'orphans: ["m[1]", "m2"]' in text
    assert "1 passed, 1 warned, 1 failed" in text


def test_a_long_list_of_ids_is_cut() -> None:
    many = CheckEvaluated("a", "b", False, "ERROR", "", {"ids": ["message"] * 1_000})
    text = shown(lambda console: print_outcome(outcome_of(many), console))
    assert len(text) < 2_000
    assert "…" in text
