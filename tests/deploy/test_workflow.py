""".github/workflows/ci.yml: valid, careful, and on the engines of docker-compose.yml."""

import re

import pytest

from mpp_stores.settings import StoreSettings
from tests.deploy.files import STORES, WORKFLOW_FILE, read, required, services, tool, workflow

JOBS = workflow()["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
ENGINE_JOB = JOBS["production-engines"]


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_the_workflow_is_what_github_accepts_and_ends_in_time(schema: str):
    tool("check-jsonschema", "--builtin-schema", schema, str(WORKFLOW_FILE))


def test_one_job_is_make_test():
    assert {"run": "make test"} in JOBS["local-engines"]["steps"]


def test_actions_are_pinned_to_commits():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.search(r"@[0-9a-f]{40}$", action) for action in used)


def test_the_workflow_may_only_read():
    assert workflow()["permissions"] == {"contents": "read"}
    assert not [job for job in JOBS.values() if "permissions" in job]


def test_the_engines_are_those_of_compose():
    images = {name: service["image"] for name, service in ENGINE_JOB["services"].items()}
    assert images == {name: services()[name]["image"] for name in STORES}
    assert all("--health-cmd" in each["options"] for each in ENGINE_JOB["services"].values())


def test_the_suite_is_given_the_address_of_every_engine():
    assert required(StoreSettings) <= ENGINE_JOB["env"].keys()


def test_the_documented_command_is_what_runs():
    [command] = [step["run"] for step in ENGINE_JOB["steps"] if "pytest" in step.get("run", "")]
    assert f"\n{command}\n" in read("docs/external-engines.md")
