"""What must hold between the materializations that a release names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mpp_stores.records import Materialization
from mpp_stores.target import NOTHING, Digest

MOST_NAMED = 5


def disagreements(
    contents: Iterable[Materialization],
    *,
    agreeing: Sequence[str],
    upstream: Mapping[str, Iterable[str]],
) -> list[str]:
    """Why these materializations are not one state; empty when they are.

    `agreeing` are daily assets that hold the same identities of every day. `upstream` are
    the assets each is made of: it must have been begun after they were, day by day where
    both have days.
    """
    by_asset: dict[str, dict[str, Materialization]] = {}
    for each in contents:
        by_asset.setdefault(each.asset, {})[each.partition] = each
    found = [*_differing(by_asset, agreeing), *_outdated(by_asset, upstream)]
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    return [*islice(found, MOST_NAMED), *more]


def _differing(
    by_asset: Mapping[str, Mapping[str, Materialization]], agreeing: Sequence[str]
) -> Iterator[str]:
    days = sorted({day for asset in agreeing for day in by_asset.get(asset, {})})
    for day in days:
        digests = {asset: _digest(by_asset.get(asset, {}).get(day)) for asset in agreeing}
        if len(set(digests.values())) > 1:
            held = ", ".join(f"{asset} {digest.row_count}" for asset, digest in digests.items())
            yield f"{day} is not the same everywhere (rows: {held})"


def _outdated(
    by_asset: Mapping[str, Mapping[str, Materialization]],
    upstream: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    for asset, sources in upstream.items():
        partitions = by_asset.get(asset, {})
        for source in sources:
            for partition, newest in by_asset.get(source, {}).items():
                made = partitions.get(partition) or partitions.get("")
                if made is None or made.materialization < newest.materialization:
                    of_day = f" of {partition}" if partition else ""
                    yield f"{asset} is older than {source}{of_day}"


def _digest(materialization: Materialization | None) -> Digest:
    if materialization is None:
        return NOTHING
    return Digest(materialization.row_count or 0, materialization.identity_hash or 0)
