"""What `mpp campaigns` says at its end."""

from collections.abc import Iterator, Sequence
from datetime import date

from mpp_local.campaigns.replacement import Changes, Replacement

MOST_NAMED = 20


def summary(replacement: Replacement, today: date) -> Iterator[str]:
    campaigns = replacement.campaigns
    running = sum(campaign.is_running(today) for campaign in campaigns)
    yield f"{_counted(len(campaigns))}, {running} of them running today ({today}, UTC)"
    if not replacement.changes:
        yield "Nothing changed"
        return
    yield from _changed(replacement.changes)
    yield (
        "The next release has them: a running stack publishes one by itself, "
        "or with the first ingest"
    )


def _changed(changes: Changes) -> Iterator[str]:
    named = {
        "added": changes.added,
        "changed": [f"{name} ({', '.join(of)})" for name, of in changes.changed.items()],
        "removed": changes.removed,
    }
    for what, names in named.items():
        if names:
            yield f"{len(names)} {what}: {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join([*names[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _counted(campaigns: int) -> str:
    return f"{campaigns} campaign" if campaigns == 1 else f"{campaigns} campaigns"
