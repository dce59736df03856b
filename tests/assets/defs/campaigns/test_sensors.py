from dataclasses import replace

from mpp_assets.defs.campaigns.sensors import reason_to_wait
from mpp_assets.jobs.campaigns import differing_campaigns, token_of
from mpp_stores.records import Campaign

BOOTS = Campaign("boots", "Boots", "outdoors", "", ["winter"], None, None, is_active=True)
TENTS = Campaign("tents", "Tents", "outdoors", "", [], None, None, is_active=True)


def reason(described, stored, *, is_published=True, is_refreshing=False) -> str | None:
    return reason_to_wait(described, stored, is_published=is_published, is_refreshing=is_refreshing)


def test_a_changed_file_is_published():
    ended = replace(BOOTS, is_active=False)
    assert reason([ended, TENTS], [BOOTS, TENTS]) is None
    assert reason([BOOTS], [BOOTS, TENTS]) is None
    assert reason([BOOTS, TENTS], [TENTS]) is None
    assert reason([], [TENTS]) is None


def test_a_file_that_says_the_same_is_not():
    assert reason([BOOTS, TENTS], [TENTS, BOOTS]) == "the campaign file has not changed"
    assert reason([], []) == "the campaign file has not changed"


def test_before_the_first_release_the_refresh_reads_the_file():
    assert "nothing is published yet" in str(reason([BOOTS], [], is_published=False))
    assert "nothing is published yet" in str(reason([BOOTS], None))


def test_a_refresh_that_is_running_reads_the_file():
    assert "a refresh is running" in str(reason([BOOTS], [], is_refreshing=True))


def test_the_campaigns_that_differ_are_named():
    renamed = replace(BOOTS, name="Winter boots")
    assert differing_campaigns([renamed, TENTS], [BOOTS]) == ["boots", "tents"]
    assert differing_campaigns([BOOTS], [BOOTS]) == []


def test_the_same_change_is_asked_for_once_until_something_else_was_stored():
    assert token_of([BOOTS], 7) == token_of([replace(BOOTS)], 7)
    assert len({token_of([BOOTS], 7), token_of([BOOTS], 8), token_of([TENTS], 7)}) == 3
