from decimal import Decimal

import pytest
from pydantic import ValidationError

from mpp_assets.settings import PipelineSettings, SparkSettings
from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.ranking import RankingConfiguration

pytestmark = pytest.mark.usefixtures("settings")


def test_without_settings_the_ranking_is_the_default():
    assert PipelineSettings().ranking == RankingConfiguration()


def test_values_of_the_ranking_are_set_one_by_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPP_RANKING__DIVERSITY", "0.2")
    monkeypatch.setenv("MPP_RANKING__WEIGHTS__GRAPH", "0.20")
    monkeypatch.setenv("MPP_RANKING__WEIGHTS__TOPIC", "0.15")
    ranking = PipelineSettings().ranking
    assert ranking.diversity == 0.2
    assert (ranking.weights.graph, ranking.weights.topic) == (Decimal("0.20"), Decimal("0.15"))
    assert ranking.weights.messages == RankingConfiguration().weights.messages


def test_a_variable_set_to_nothing_counts_as_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPP_EMBEDDING_MODEL", "")
    assert PipelineSettings().embedding_model == BUNDLED_MODEL


def test_only_the_java_options_of_spark_can_be_set_to_nothing(monkeypatch: pytest.MonkeyPatch):
    default = SparkSettings()
    for name in SparkSettings.model_fields:
        monkeypatch.setenv(f"MPP_SPARK_{name.upper()}", "")
    assert SparkSettings() == default.model_copy(update={"driver_java_options": ""})


def test_the_ranking_can_be_set_as_json(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MPP_RANKING", '{"recency_half_life_days": 7}')
    assert PipelineSettings().ranking.recency_half_life_days == 7


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("MPP_RANKING__WEIGHTS__GRAPH", "0.5", "sum to 1.25"),
        ("MPP_RANKING__DIVERSITY", "2", "ranking.diversity"),
        ("MPP_RANKING__DIVERSTY", "0.2", "ranking.diversty"),
        ("MPP_TOPIC_COUNT", "0", "topic_count"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=named):
        PipelineSettings()
