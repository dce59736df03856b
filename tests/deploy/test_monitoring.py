"""The dashboard and the alerts ask for what the service exposes."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from mpp_api.metrics.service import STORES, Metrics
from mpp_api.security.access import KEY_HEADER
from mpp_local.project import PROJECT_ROOT
from mpp_stores.breaker import Breakers

DEPLOY = PROJECT_ROOT / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
DASHBOARD = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
MONITORING = (PROJECT_ROOT / "docs/monitoring.md").read_text()

RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""What Prometheus adds to a scrape itself."""


def queries() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield panel["title"], query


@pytest.fixture(scope="module")
def exposed() -> dict[str, list[dict[str, str]]]:
    """The labels of every sample, by the sample's name; a sample of each that has labels."""
    metrics = Metrics()
    metrics.watch_breakers(Breakers(failures=1, seconds=1))
    metrics.observe_request("GET", "/recommendations/{user_id}", 500, 0.1)
    metrics.observe_leg("graph", "failed", 0.1)
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(metrics.exposition(None).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def selectors(query: str) -> list[Any]:
    found: list[Any] = []

    def visit(expression: Any) -> None:
        if isinstance(expression, promql.VectorSelector):
            found.append(expression)

    promql.walk(promql.parse(query), visit)
    return found


@pytest.mark.parametrize(("name", "query"), list(queries()))
def test_every_query_is_answered_by_what_the_service_exposes(
    exposed: dict[str, list[dict[str, str]]], name: str, query: str
) -> None:
    asked = selectors(query)
    assert asked
    for selector in asked:
        added = {"job", "instance"}
        if selector.name in OF_PROMETHEUS:
            continue
        samples = exposed[selector.name]
        for matcher in selector.matchers.matchers:
            if matcher.name in added:
                continue
            values = {labels[matcher.name] for labels in samples}
            if matcher.op == promql.MatchOp.Equal:
                assert matcher.value in values
            elif matcher.op == promql.MatchOp.NotEqual:
                assert values - {matcher.value}
            else:
                assert any(re.fullmatch(matcher.value, value) for value in values)


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"] == {"severity": rule["labels"]["severity"]}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert f"`{rule['alert']}`" in MONITORING


def test_alerts_have_names_of_their_own() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    assert set(ALERTS) == {"groups"}


def test_the_scrape_names_the_rules_and_brings_a_key() -> None:
    [rules] = PROMETHEUS["rule_files"]
    assert Path(DEPLOY / "prometheus" / rules).exists()
    [scrape] = PROMETHEUS["scrape_configs"]
    assert scrape["job_name"] == "mpp-api"
    assert scrape["authorization"]["type"] == "Bearer"
    assert "credentials_file" in scrape["authorization"]
    assert KEY_HEADER not in str(PROMETHEUS)


def test_no_panel_covers_another() -> None:
    for one, other in combinations([panel["gridPos"] for panel in DASHBOARD["panels"]], 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_metric_of_the_service_is_shown_or_alerted_on(
    exposed: dict[str, list[dict[str, str]]],
) -> None:
    asked = {selector.name for _, query in queries() for selector in selectors(query)}
    ours = {name for name in exposed if name.startswith("mpp_api_")}
    families = {re.sub(r"_(bucket|count|sum)$", "", n) for n in ours if not n.endswith("_created")}
    assert families <= {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    for family in families:
        assert f"`{family}`" in MONITORING


def test_every_store_that_is_guarded_has_a_breaker_to_look_at(
    exposed: dict[str, list[dict[str, str]]],
) -> None:
    assert {labels["store"] for labels in exposed["mpp_api_store_breaker_state"]} == set(STORES)
