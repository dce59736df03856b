from datetime import UTC, datetime

from mpp_stores.postgres.release_consistency import MOST_NAMED, disagreements
from mpp_stores.records import Materialization
from mpp_stores.target import NOTHING, Digest

FIRST_DAY, SECOND_DAY = "1999-03-01", "1999-03-02"
EVENTS, VECTORS, GRAPH = "lake/conversation_events", "milvus/messages", "neo4j/messages"
PROFILES = "milvus/user_profiles"


def materialization(
    number: int, asset: str, partition: str = "", digest: Digest = NOTHING
) -> Materialization:
    return Materialization(
        materialization=number,
        asset=asset,
        partition=partition,
        dagster_run_id="run",
        begun_at=datetime(1999, 3, 1, tzinfo=UTC),
        completed_at=datetime(1999, 3, 1, tzinfo=UTC),
        row_count=digest.row_count,
        identity_hash=digest.identity_hash,
    )


def differing(*contents: Materialization) -> list[str]:
    return disagreements(contents, agreeing=[EVENTS, VECTORS], upstream={})


def outdated(*contents: Materialization) -> list[str]:
    upstream = {VECTORS: [EVENTS], PROFILES: [VECTORS]}
    return disagreements(contents, agreeing=[], upstream=upstream)


def test_nothing_agrees_with_nothing() -> None:
    assert differing() == []
    assert outdated() == []


def test_assets_that_hold_the_same_of_every_day_agree() -> None:
    first, second = Digest(2, 20), Digest(1, 30)
    assert not differing(
        materialization(1, EVENTS, FIRST_DAY, first),
        materialization(2, EVENTS, SECOND_DAY, second),
        materialization(3, VECTORS, SECOND_DAY, second),
        materialization(4, VECTORS, FIRST_DAY, first),
    )


def test_assets_that_are_not_asked_about_may_differ() -> None:
    assert not differing(materialization(1, GRAPH, FIRST_DAY, Digest(5, 5)))


def test_a_day_of_other_rows_is_named_with_the_rows_of_each() -> None:
    assert differing(
        materialization(1, EVENTS, FIRST_DAY, Digest(2, 20)),
        materialization(2, VECTORS, FIRST_DAY, Digest(1, 10)),
    ) == [f"{FIRST_DAY} is not the same everywhere (rows: {EVENTS} 2, {VECTORS} 1)"]


def test_as_many_rows_of_other_identities_are_not_the_same() -> None:
    [found] = differing(
        materialization(1, EVENTS, FIRST_DAY, Digest(2, 20)),
        materialization(2, VECTORS, FIRST_DAY, Digest(2, 21)),
    )
    assert FIRST_DAY in found


def test_a_day_that_an_asset_does_not_have_holds_nothing_there() -> None:
    assert not differing(materialization(1, EVENTS, FIRST_DAY, NOTHING))
    [found] = differing(materialization(1, EVENTS, FIRST_DAY, Digest(1, 10)))
    assert f"{EVENTS} 1, {VECTORS} 0" in found


def test_a_day_made_before_what_it_is_made_of_is_named() -> None:
    assert outdated(
        materialization(5, EVENTS, FIRST_DAY),
        materialization(2, EVENTS, SECOND_DAY),
        materialization(4, VECTORS, FIRST_DAY),
        materialization(3, VECTORS, SECOND_DAY),
        materialization(9, PROFILES),
    ) == [f"{VECTORS} is older than {EVENTS} of {FIRST_DAY}"]


def test_an_asset_without_days_must_be_newer_than_every_day_of_its_source() -> None:
    days = (materialization(1, VECTORS, FIRST_DAY), materialization(7, VECTORS, SECOND_DAY))
    assert outdated(*days, materialization(6, PROFILES)) == [
        f"{PROFILES} is older than {VECTORS} of {SECOND_DAY}"
    ]
    assert outdated(*days, materialization(8, PROFILES)) == []


def test_an_asset_without_days_must_be_newer_than_a_source_without_days() -> None:
    contents = (materialization(2, PROFILES), materialization(1, "report/analytics_report"))
    upstream = {"report/analytics_report": [PROFILES]}
    assert disagreements(contents, agreeing=[], upstream=upstream) == [
        f"report/analytics_report is older than {PROFILES}"
    ]


def test_what_was_never_made_is_older_than_its_source() -> None:
    assert outdated(materialization(1, EVENTS, FIRST_DAY)) == [
        f"{VECTORS} is older than {EVENTS} of {FIRST_DAY}"
    ]


def test_only_the_first_of_many_disagreements_are_named() -> None:
    days = [f"1999-03-{day:02}" for day in range(1, MOST_NAMED + 4)]
    contents = (materialization(1, EVENTS, day, Digest(1, 1)) for day in reversed(days))
    *named, rest = differing(*contents)
    assert [found.split()[0] for found in named] == days[:MOST_NAMED]
    assert rest == "and 3 more"
