"""From conversation files to an explained recommendation, through every system."""

import json
import re

import httpx
import pytest

from mpp_local.services import SERVICES
from mpp_local.stack import Stack
from mpp_local.supervision import Supervisor
from mpp_stores.lake import Lake
from mpp_stores.neo4j.reader import GraphReader
from mpp_stores.postgres.releases import current_release
from mpp_stores.records import EMBEDDING_DIMENSION
from mpp_stores.settings import StoreSettings
from mpp_stores.targets import TARGETS
from tests.pipeline.commands import MPP, PROJECT_ROOT, run
from tests.pipeline.releases import numbers
from tests.pipeline.stored_rows import message_ids, report, rows_of, stored_rows

MATERIALIZATIONS = """{
  assetNodes {
    assetKey { path }
    assetMaterializations(limit: 100) {
      partition
      metadataEntries { label ... on IntMetadataEntry { intValue } }
    }
  }
}"""
COUNTS = json.loads((PROJECT_ROOT / "data/sample_counts.json").read_text())
USER = "user-011"

pytestmark = pytest.mark.usefixtures("first_make_up")


def recommendations(api: httpx.Client, user: str, **parameters: object) -> dict:
    reply = api.get(f"/recommendations/{user}", params=parameters)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_make_up_prints_the_addresses_and_a_real_recommendation(stack, first_make_up, settings):
    assert f"Dagster UI  {stack['MPP_DAGSTER_URL']}" in first_make_up
    assert f"API         {stack['MPP_API_URL']}" in first_make_up
    assert f"API key     {stack['MPP_API_KEY']}" in first_make_up
    assert f"Explorer    {stack['MPP_API_URL']}/explorer#key=" in first_make_up
    assert f"Campaigns for {USER}" in first_make_up
    release = current_release(settings)
    assert release is not None
    assert release.release_id in first_make_up


def test_the_batch_counts_what_the_generator_wrote(settings):
    [batch] = Lake(settings.lake).summaries()
    assert (batch.read, batch.accepted, batch.rejected, batch.duplicates) == (
        COUNTS["records"],
        COUNTS["events"],
        COUNTS["rejected"],
        COUNTS["duplicates"],
    )
    assert len(batch.event_days) == COUNTS["days"]


@pytest.mark.parametrize("target", ["milvus/messages", "neo4j/messages", "mongo/conversations"])
def test_every_store_of_messages_holds_the_same_ones(settings, target):
    found = message_ids(settings, target)
    assert len(found) == COUNTS["events"]
    assert found == message_ids(settings, "mongo/conversations")


def test_the_release_counts_the_rows_of_every_store(settings):
    release = current_release(settings)
    assert release is not None
    for name in TARGETS:
        assert len(rows_of(settings, name)) == release.row_counts[name], name
    assert release.row_counts["milvus/user_profiles"] == COUNTS["users"]
    assert release.row_counts["postgres/campaign_performance"] == COUNTS["campaigns"]


def test_dagster_shows_every_asset_materialized_and_the_rows_of_each_day(stack):
    reply = httpx.post(
        f"{stack['MPP_DAGSTER_URL']}/graphql", json={"query": MATERIALIZATIONS}, timeout=30
    )
    found = {
        "/".join(node["assetKey"]["path"]): node["assetMaterializations"]
        for node in reply.json()["data"]["assetNodes"]
    }
    materialized = {name for name, events in found.items() if events}
    assert materialized == found.keys()
    days = {
        event["partition"]: entry["intValue"]
        for event in found["mongo/conversations"]
        for entry in event["metadataEntries"]
        if entry["label"] == "dagster/partition_row_count"
    }
    assert len(days) == COUNTS["days"]
    assert sum(days.values()) == COUNTS["events"]


def test_the_report_says_what_the_postgres_tables_say(settings):
    found = report(settings)
    campaigns = {
        row["campaign_id"]: row for row in rows_of(settings, "postgres/campaign_performance")
    }
    assert {row["campaign_id"] for row in found["campaigns"]} == set(campaigns)
    for row in found["campaigns"]:
        stored = campaigns[row["campaign_id"]]
        for figure in ("message_count", "user_count", "performance_score", "returning_user_share"):
            assert row[figure] == stored[figure]
    names = {row["campaign_id"]: row["name"] for row in rows_of(settings, "postgres/campaigns")}
    for row in found["campaigns"]:
        assert row["name"] == names[row["campaign_id"]] != row["campaign_id"]
    days = {
        row["event_day"].isoformat(): row["message_count"]
        for row in rows_of(settings, "postgres/daily_activity")
    }
    assert {row["event_day"]: row["message_count"] for row in found["daily_activity"]} == days
    assert found["totals"]["message_count"] == sum(days.values()) == COUNTS["events"]
    assert sum(topic["message_count"] for topic in found["topics"]) == COUNTS["events"]


def test_the_report_page_has_plots_and_needs_nothing_from_elsewhere(settings):
    page = (settings.reports / "analytics_report.html").read_text()
    assert page.count("<svg") >= 4
    assert not re.search(r"""(src|href)=["']https?://""", page)


def test_every_store_is_healthy(api):
    health = api.get("/health").json()
    assert health["status"] == "ok"


def test_score_parts_add_up_and_all_legs_answered(api):
    reply = recommendations(api, USER, limit=5)
    assert (reply["strategy"], reply["missing_legs"]) == ("hybrid", [])
    assert reply["items"]
    for item in reply["items"]:
        parts = [part["contribution"] for part in item["score_parts"]]
        assert sum(parts) == pytest.approx(item["score"], abs=1e-9)


async def test_everything_an_explanation_cites_is_in_the_stores(api, settings):
    [item] = recommendations(api, USER, limit=1)["items"]
    explanation = item["explanation"]
    cited = {message["message_id"] for message in explanation["messages"]}
    assert cited
    assert cited <= message_ids(settings, "mongo/conversations")

    user, _, shared, _, peer, _, campaign = explanation["graph"]["path"]
    graph = GraphReader(settings)
    [materialization] = numbers(settings, "neo4j/engaged_with").values()
    found = await graph.engaged_with([user, peer], materialization=materialization)
    edges = {(edge.user_id, edge.campaign_id) for edge in found}
    await graph.close()
    assert {(user, shared), (peer, shared), (peer, campaign)} <= edges
    assert campaign == item["campaign_id"]

    performance = api.get(f"/campaigns/{campaign}/performance").json()
    assert explanation["performance"]["message_count"] == performance["message_count"]


def test_a_reply_is_served_from_the_cache_the_second_time(api):
    path = "/recommendations/user-042?limit=3"
    outcomes = [api.get(path).headers["X-Cache"] for _ in range(2)]
    assert outcomes == ["miss", "hit"]


def test_an_unknown_user_is_offered_trending_campaigns(api):
    reply = recommendations(api, "nobody-has-this-id", limit=3)
    assert (reply["strategy"], len(reply["items"])) == ("trending", 3)


def test_vectors_are_unit_vectors_of_the_models_dimension(settings):
    for row in rows_of(settings, "milvus/user_profiles"):
        assert len(row["embedding"]) == EMBEDDING_DIMENSION
        assert sum(x * x for x in row["embedding"]) == pytest.approx(1, abs=1e-4)


def test_a_second_make_up_changes_nothing(settings: StoreSettings):
    release, before = current_release(settings), stored_rows(settings)
    output = run("make", "up")
    assert "Nothing ingested" in output
    assert "Campaigns left as they are" in output
    assert f"Campaigns for {USER}" in output
    assert current_release(settings) == release
    assert stored_rows(settings) == before


def test_after_a_change_of_code_the_services_restart_and_the_engines_do_not(
    settings: StoreSettings,
):
    stack = Stack.load(settings.home)
    before = Supervisor(stack).processes()
    (stack.run / "served").write_text("what was there before `git pull`")
    run(MPP, "up")
    after = Supervisor(stack).processes()
    restarted = {name for name in before if after[name].pid != before[name].pid}
    assert restarted == {service.name for service in SERVICES}
