import dagster as dg
import pytest

from mpp_assets.column_lineage import DERIVATIONS, SOURCES, column_lineage
from mpp_assets.definitions import definitions

GRAPH = definitions.resolve_asset_graph()
ASSETS = sorted(GRAPH.materializable_asset_keys)
of_each_asset = pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())


def columns_of(key: dg.AssetKey) -> set[str]:
    return {column.name for column in GRAPH.get(key).metadata["dagster/column_schema"].columns}


@of_each_asset
def test_every_column_says_what_it_derives_from(key: dg.AssetKey):
    assert set(DERIVATIONS[key.to_user_string()]) == columns_of(key)


def test_only_assets_that_exist_are_declared():
    assert set(DERIVATIONS) == {key.to_user_string() for key in ASSETS}


@of_each_asset
def test_every_origin_is_a_column_of_an_upstream_asset_or_of_a_source(key: dg.AssetKey):
    known = {parent.to_user_string(): columns_of(parent) for parent in GRAPH.get(key).parent_keys}
    known |= {source: set(names) for source, names in SOURCES.items()}
    unknown = [
        (column, origin)
        for column, origins in DERIVATIONS[key.to_user_string()].items()
        for origin in origins
        if origin.name not in known.get(origin.asset, ())
    ]
    assert not unknown


def test_dagster_is_told_of_columns_of_assets():
    lineage = column_lineage(dg.AssetKey(["lake", "message_embeddings"]))
    events = dg.AssetKey(["lake", "conversation_events"])
    assert lineage.deps_by_column["embedding"] == [dg.TableColumnDep(events, "text")]
    assert lineage.deps_by_column["user_id"] == [dg.TableColumnDep(events, "user_id")]


def test_dagster_is_not_told_of_what_is_no_asset():
    lineage = column_lineage(dg.AssetKey(["lake", "landed_events"]))
    assert lineage.deps_by_column["text"] == []
