import os
from pathlib import Path
from time import time

import pytest

from mpp_assets.defs.conversations.refreshes import AGAIN_SECONDS
from mpp_assets.defs.landing.sensors import (
    Asked,
    decide_landings,
    files_found,
    requests_for,
    withdrawn,
)
from mpp_assets.partitions import range_tags
from mpp_assets.settings import PipelineSettings
from mpp_stores.spool import Spool

NOTHING_ASKED: dict[str, Asked] = {}
NOTHING_LANDED: dict[str, str] = {}
NOW = 1_800_000_000.0


def decide(
    found, asked=NOTHING_ASKED, landed=NOTHING_LANDED, limit=100, *, is_landing=False, now=NOW
):
    return decide_landings(found, asked, landed.get, limit, is_landing=is_landing, now=now)


def test_a_new_file_is_landed_once():
    first = decide({"a.json": "10-1"})
    assert first.batches == ["a.json"]
    assert decide({"a.json": "10-1"}, first.asked).batches == []


def test_a_changed_file_is_landed_again():
    assert decide({"a.json": "12-2"}, {"a.json": ("10-1", NOW)}).batches == ["a.json"]


def test_a_file_that_its_own_landing_rewrote_is_not_landed_again():
    landings = decide({"a.json": "8-1"}, {"a.json": ("10-1", NOW)}, landed={"a.json": "8-1"})
    assert landings.batches == []
    assert landings.asked == {}


def test_a_withdrawn_batch_is_landed_once_more_and_again_when_it_comes_back():
    put_away = {"a.json": withdrawn("10-1")}
    first = decide(put_away, landed={"a.json": "10-1"})
    assert first.batches == ["a.json"]
    assert decide(put_away, first.asked, landed=put_away).batches == []
    assert decide({"a.json": "10-1"}, first.asked, landed=put_away).batches == ["a.json"]


def test_a_file_that_did_not_land_is_asked_for_again_after_a_while_unless_files_still_land():
    found = {"a.json": "10-1"}
    asked, later = decide(found).asked, NOW + AGAIN_SECONDS
    assert decide(found, asked, now=later - 1).batches == []
    assert decide(found, asked, is_landing=True, now=later).batches == []
    again = decide(found, asked, now=later)
    assert again.batches == ["a.json"]
    assert decide(found, again.asked, now=later + 1).batches == []


def test_a_file_that_landed_is_not_asked_for_again_and_not_remembered():
    """Dagster keeps a copy of the cursor for each tick."""
    found = {"a.json": "10-1"}
    landed = decide(found, decide(found).asked, landed=found)
    assert (landed.batches, landed.asked) == ([], {})
    assert decide(found, landed.asked, landed=found, now=NOW + AGAIN_SECONDS).batches == []


def test_a_file_that_is_gone_is_forgotten():
    assert decide({}, {"a.json": ("10-1", NOW)}).asked == {}


def test_a_file_that_becomes_again_what_it_was_is_landed_again():
    asked = NOTHING_ASKED
    for found in ({"a.json": "10-1"}, {"a.json": "12-2"}, {"a.json": "10-1"}):
        landings = decide(found, asked)
        [request] = requests_for(landings.batches, ["a.json"])
        # A run key that Dagster has seen would be passed over.
        assert (request.partition_key, request.run_key) == ("a.json", None)
        asked = landings.asked


def test_batches_that_are_side_by_side_among_the_partitions_land_in_one_run():
    partitions = ["k.json", "j.json", "c.json", "d.json", "a.json", "b.json"]
    requests = list(requests_for(["a.json", "b.json", "c.json", "j.json", "k.json"], partitions))
    assert [request.tags or request.partition_key for request in requests] == [
        range_tags("k.json", "c.json"),
        range_tags("a.json", "b.json"),
    ]
    [alone] = requests_for(["d.json"], partitions)
    assert alone.partition_key == "d.json"


def test_ten_thousand_files_are_taken_a_chunk_a_tick_and_each_once():
    found = {f"{number:05}.json": "1-1" for number in range(10_000)}
    asked: dict[str, Asked] = {}
    taken: list[str] = []
    for _ in range(100):
        landings = decide(found, asked)
        assert len(landings.batches) <= 100
        taken += landings.batches
        asked = landings.asked
    assert taken == sorted(found)
    assert landings.remaining == 0


def test_a_changed_file_behind_the_chunk_is_not_forgotten():
    found = {"a.json": "1-1", "b.json": "2-2"}
    first = decide(found, {"b.json": ("1-1", NOW)}, limit=1)
    assert first.batches == ["a.json"]
    assert decide(found, first.asked, limit=1).batches == ["b.json"]


@pytest.fixture
def pipeline(settings, tmp_path: Path) -> PipelineSettings:
    return PipelineSettings(home=tmp_path)


def landed_file(folder: Path, name: str, modified: float) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("[]")
    os.utime(file, (modified, modified))
    return file


def test_only_settled_visible_files_with_names_that_dagster_takes_are_found(pipeline):
    landed_file(pipeline.landing, "settled.json", NOW - 3)
    landed_file(pipeline.landing, "growing.json", NOW - 1)
    landed_file(pipeline.landing, "of another clock.json", NOW + 7_200)
    landed_file(pipeline.landing, ".copying.partial", NOW - 3)
    landed_file(pipeline.landing, "one...two.json", NOW - 3)
    (pipeline.landing / "folder").mkdir()
    assert dict(files_found(pipeline, NOW)) == {
        "settled.json": f"2-{int((NOW - 3) * 1e9)}",
        "of another clock.json": f"2-{int((NOW + 7_200) * 1e9)}",
    }


def test_a_withdrawn_file_that_landed_again_is_not_withdrawn(pipeline):
    landed_file(pipeline.withdrawn, "a.json", NOW - 9)
    landed_file(pipeline.withdrawn, "b.json", NOW - 9)
    landed_file(pipeline.landing, "b.json", NOW - 9)
    found = dict(files_found(pipeline, NOW))
    assert found["a.json"].startswith("withdrawn ")
    assert not found["b.json"].startswith("withdrawn ")


def test_a_landing_folder_that_is_not_there_yet_has_no_files(pipeline):
    assert dict(files_found(pipeline, NOW)) == {}


def test_events_sent_to_the_api_are_found_once_their_batch_is_complete(pipeline):
    spool = Spool(pipeline.landing)
    batch = spool.append([{"message_id": "m"}])
    assert dict(files_found(pipeline, time() + 3)) == {}
    spool.close()
    assert list(dict(files_found(pipeline, time() + 3))) == [batch]
