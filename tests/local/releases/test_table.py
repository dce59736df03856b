from mpp_local.releases.table import print_releases
from tests.local.batches.pipeline import release
from tests.local.shown import shown


def test_each_release_is_shown_as_served_kept_or_dropped() -> None:
    releases = [release("r3"), release("r2"), release("r1", is_kept=False)]
    lines = shown(lambda console: print_releases(releases, "r2", console)).splitlines()
    states = {line.split()[0]: line for line in lines}
    assert "kept" in states["r3"]
    assert "served" in states["r2"]
    assert "dropped" in states["r1"]
    assert all(
        part in states["r3"]
        for part in ("1999-03-02 06:30:00", "1999-03-01", "1,234", "accepted_share 0.980")
    )


def test_before_the_first_release_the_way_to_it_is_told() -> None:
    assert "mpp ingest" in shown(lambda console: print_releases([], None, console))
