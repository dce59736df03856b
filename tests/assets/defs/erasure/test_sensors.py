from datetime import UTC, datetime

from mpp_assets.defs.erasure.sensors import Step, next_steps
from mpp_stores.records import Erasure

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def erasure(scrubbed_at: datetime | None) -> Erasure:
    return Erasure("e-1", "hash", "u-1", "requested", NOW, scrubbed_at, None, {})


def steps(scrubbed_at, *, is_published):
    return list(next_steps([erasure(scrubbed_at)], is_published=is_published, release_id="r-1"))


def test_a_requested_erasure_is_scrubbed_whatever_is_published():
    scrub = [Step("scrub_user", "e-1", "scrub-e-1")]
    assert steps(None, is_published=True) == scrub
    assert steps(None, is_published=False) == scrub


def test_a_scrubbed_erasure_waits_for_a_release_without_the_user():
    assert steps(NOW, is_published=False) == []
    assert steps(NOW, is_published=True) == [Step("complete_erasure", "e-1", "complete-e-1-r-1")]
