import dagster as dg
from dagster_pyspark import LazyPySparkResource

from mpp_assets.defs.engagement.assets import user_engagement
from mpp_assets.resources import Platform
from mpp_stores.postgres import materializations
from mpp_stores.settings import StoreSettings


def test_what_earlier_tries_left_is_dropped_where_nothing_is_published(
    spark, own_pipeline: StoreSettings
):
    """As while a check keeps failing: all that is left are the newest and the one before it."""
    asset = user_engagement.key.to_user_string()
    resources = {"platform": Platform(), "spark": LazyPySparkResource(spark_config={})}
    newest = []
    for _ in range(4):
        assert dg.materialize([user_engagement], resources=resources).success
        newest.append(materializations.latest(own_pipeline, asset)[""].materialization)
    assert materializations.droppable(own_pipeline, except_run="") == {asset: [newest[-2]]}
