"""Do two places hold the same rows? Compared by digests, and by ids where those differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from mpp_assets.jobs.digests import digest_columns, digest_of, digests_by_day
from mpp_assets.jobs.event_quality import MOST_NAMED
from mpp_stores.target import NOTHING, Digest, Target


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of the lake and of the store, and ids that only one of them holds."""

    in_lake: int
    in_store: int
    missing: list[str]
    unexpected: list[str]


def differing_days(
    events: DataFrame, target: Target, numbers: Mapping[date, int]
) -> dict[str, Difference]:
    """By ISO day, where the store's messages are not the lake's. `numbers`: the
    materialization of each day that is compared."""
    expected = digests_by_day(events, list(numbers))
    stored = target.digests(list(numbers.values()))
    return {
        day.isoformat(): _difference(
            events.where(f.col("event_day") == f.lit(day)), target, number, expected[day]
        )
        for day, number in numbers.items()
        if stored.get(number, NOTHING) != expected[day]
    }


def difference(rows: DataFrame, target: Target, number: int) -> Difference | None:
    """Between the identities of `rows` and those of a materialization; None if there is none."""
    [counted] = rows.agg(*digest_columns(target.key)).collect()
    expected = digest_of(counted)
    if target.digests([number])[number] == expected:
        return None
    return _difference(rows, target, number, expected)


def _difference(rows: DataFrame, target: Target, number: int, expected: Digest) -> Difference:
    in_lake = {_named(row) for row in rows.select(*target.key).collect()}
    in_store = [
        _named(identity)
        for batch in target.read([number])
        for identity in zip(*(batch.column(name).to_pylist() for name in target.key), strict=True)
    ]
    repeated = {name for name, times in Counter(in_store).items() if times > 1}
    return Difference(
        in_lake=expected.row_count,
        in_store=len(in_store),
        missing=sorted(in_lake.difference(in_store))[:MOST_NAMED],
        unexpected=sorted(repeated | set(in_store) - in_lake)[:MOST_NAMED],
    )


def _named(identity: Sequence[object]) -> str:
    return " / ".join(map(str, identity))
