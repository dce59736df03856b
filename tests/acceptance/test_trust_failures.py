"""A refresh that a check stops, of a file with an event of somebody who was erased."""

import json
from collections.abc import Iterator

import pytest

from mpp_stores.neo4j.connection import connect
from mpp_stores.settings import StoreSettings
from tests.acceptance.flows import ERASED_USERS
from tests.pipeline.commands import MPP, attempt, run
from tests.pipeline.releases import served
from tests.pipeline.stored_rows import stored_rows

BATCH = "after-erasure.jsonl"
NEW_USER = "new-user-8002"

pytestmark = pytest.mark.usefixtures("erased")


def event(user: str) -> str:
    return json.dumps(
        {
            "user_id": user,
            "message": "Which trail shoes survive a wet winter?",
            "timestamp": "2026-11-17T10:00:00Z",
            "campaign": "running-shoe-trade-in",
        }
    )


@pytest.fixture(scope="module")
def loose_message(settings: StoreSettings) -> Iterator[None]:
    """A message of no user and no campaign."""
    with connect(settings) as driver:

        def execute(statement: str) -> None:
            driver.execute_query(statement, row_id="0/loose", database_=settings.neo4j_database)

        execute("CREATE (:Message {row_id: $row_id})")
        yield
        execute("MATCH (message:Message {row_id: $row_id}) DELETE message")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / BATCH
    path.write_text("\n".join([event(NEW_USER), event(ERASED_USERS[0])]))
    return path


def test_a_failed_run_changes_nothing_that_is_served(api, settings, loose_message, file):
    release, rows = served(settings), stored_rows(settings)
    items = api.get("/recommendations/user-011?limit=5").json()["items"]
    assert attempt(MPP, "ingest", str(file)).returncode == 1
    assert served(settings) == release
    # Another question, so that the cache does not answer.
    again = api.get("/recommendations/user-011?limit=6").json()
    assert again["release"]["release_id"] == release.release_id
    assert again["items"][:5] == items
    assert api.get(f"/recommendations/{NEW_USER}").json()["strategy"] == "trending"
    for name, found in stored_rows(settings).items():
        if not name.startswith("lake/"):  # the lake is ahead of what is served
            assert found == rows[name], name


def test_mpp_check_fails_and_names_what_is_wrong(loose_message):
    checked = attempt(MPP, "check", "--json")
    assert checked.returncode == 1
    outcome = json.loads(checked.stdout)
    failed = [
        each for each in outcome["checks"] if not each["passed"] and each["severity"] == "ERROR"
    ]
    assert [(each["asset"], each["check"]) for each in failed] == [
        ("neo4j/engaged_with", "no_node_is_loose")
    ]
    assert failed[0]["metadata"]["offending"] == {"loose": ["message 0/loose"]}
    assert not outcome["ok"]


def test_an_erased_user_who_lands_again_is_rejected_and_not_kept(settings):
    [rejected] = json.loads(run(MPP, "rejected", "--batch", BATCH, "--json"))
    assert (rejected["reasons"], rejected["record"]) == (["user erased"], "")
    assert ERASED_USERS[0] not in (settings.landing / BATCH).read_text()
    assert NEW_USER in (settings.landing / BATCH).read_text()
