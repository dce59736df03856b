import dagster as dg

from mpp_assets.defs.graph.checks import severity_of


def test_a_loose_message_blocks_and_a_user_or_campaign_does_not():
    assert severity_of(["user ada", "campaign message board"]) == dg.AssetCheckSeverity.WARN
    assert severity_of(["message 3/m1", "user ada"]) == dg.AssetCheckSeverity.ERROR
