from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from typing import Any

import pytest
from pydantic import SecretStr

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.neo4j.writer import MessageGraph
from mpp_stores.settings import StoreSettings
from tests.stores.neo4j.own_graph import FIRST_DAY, HOSTILE_IDS, SECOND_DAY, OwnGraph
from tests.stores.neo4j.processes import prepare, write_messages

OWN_DAYS = [FIRST_DAY, SECOND_DAY]


def rows(
    target: MessageGraph, graph: OwnGraph, days: Sequence[date] | None = OWN_DAYS
) -> list[dict[str, Any]]:
    """The test's own rows, by message id."""
    found = [row for batch in target.read(days) for row in batch.to_pylist()]
    own = [row for row in found if row["message_id"].startswith(graph.prefix)]
    return sorted(own, key=lambda row: str(row["message_id"]))


def test_a_message_links_its_user_to_its_campaign(messages: MessageGraph, graph: OwnGraph) -> None:
    written = messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    assert written == 1
    assert graph.messages() == [("ada", "m1", "spring")]


def test_a_message_reads_back_exactly_with_its_microseconds(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
    )
    messages.write(batch, "first")
    assert rows(messages, graph) == batch.to_pylist()


def test_every_batch_read_has_the_schema_of_the_target(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    assert {batch.schema for batch in messages.read([FIRST_DAY])} == {messages.schema}


def test_reading_without_days_reads_every_day(messages: MessageGraph, graph: OwnGraph) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
    )
    messages.write(batch, "first")
    assert rows(messages, graph, days=None) == batch.to_pylist()


def test_reading_a_day_leaves_out_the_others(messages: MessageGraph, graph: OwnGraph) -> None:
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
        ),
        "first",
    )
    assert [row["message_id"] for row in rows(messages, graph, [SECOND_DAY])] == [graph.id("m2")]


def test_a_batch_of_many_transactions_arrives_whole(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    batch = graph.message_batch(
        *((f"m{n:04}", f"user{n % 7}", f"campaign{n % 3}", FIRST_DAY) for n in range(1_205))
    )
    assert messages.write(batch, "first") == 1_205
    assert rows(messages, graph) == batch.to_pylist()


def test_writing_twice_equals_writing_once(messages: MessageGraph, graph: OwnGraph) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "ada", "summer", FIRST_DAY)
    )
    messages.write(batch, "first")
    messages.write(batch, "second")
    assert graph.messages() == [("ada", "m1", "spring"), ("ada", "m2", "summer")]
    assert rows(messages, graph) == batch.to_pylist()


def test_a_message_written_under_another_user_leaves_the_former_one(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    messages.write(graph.message_batch(("m1", "bob", "spring", FIRST_DAY)), "second")
    assert graph.messages() == [("bob", "m1", "spring")]


def test_a_message_written_under_another_campaign_leaves_the_former_one(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    messages.write(graph.message_batch(("m1", "ada", "summer", FIRST_DAY)), "second")
    assert graph.messages() == [("ada", "m1", "summer")]


def test_count_counts_the_messages_of_the_days(messages: MessageGraph, graph: OwnGraph) -> None:
    before = messages.count([FIRST_DAY]), messages.count(OWN_DAYS), messages.count()
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY),
            ("m2", "ada", "spring", FIRST_DAY),
            ("m3", "ada", "spring", SECOND_DAY),
        ),
        "first",
    )
    after = messages.count([FIRST_DAY]), messages.count(OWN_DAYS), messages.count()
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 3, 3]


def test_sweeping_a_day_removes_its_messages_of_other_stamps(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(("m1", "ada", "spring", FIRST_DAY), ("m2", "ada", "spring", FIRST_DAY)),
        "first",
    )
    messages.write(graph.message_batch(("m2", "ada", "spring", FIRST_DAY)), "second")
    assert messages.sweep("second", [FIRST_DAY]) == 1
    assert graph.messages() == [("ada", "m2", "spring")]


def test_sweeping_a_day_spares_the_other_days(messages: MessageGraph, graph: OwnGraph) -> None:
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
        ),
        "first",
    )
    assert messages.sweep("second", [FIRST_DAY]) == 1
    assert graph.messages() == [("bob", "m2", "spring")]


def test_sweeping_without_days_removes_other_stamps_of_every_day(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
        ),
        "first",
    )
    messages.write(graph.message_batch(("m3", "bob", "spring", SECOND_DAY)), graph.id("second"))
    others = graph.adopt_messages(graph.id("second"))
    try:
        assert messages.sweep(graph.id("second"), None) == 2
    finally:
        graph.return_messages(others)
    assert graph.messages() == [("bob", "m3", "spring")]


def test_sweeping_removes_users_and_campaigns_that_nothing_names(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "summer", SECOND_DAY)
        ),
        "first",
    )
    messages.sweep("second", [FIRST_DAY])
    assert graph.users() == [("bob",)]
    assert graph.campaigns() == [("summer",)]


def test_sweeping_removes_the_user_that_a_moved_message_left(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)), "first")
    messages.write(graph.message_batch(("m1", "bob", "spring", FIRST_DAY)), "second")
    messages.sweep("second", [FIRST_DAY])
    assert graph.users() == [("bob",)]


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_cypher(
    messages: MessageGraph, graph: OwnGraph, hostile: str
) -> None:
    batch = graph.message_batch((hostile, hostile, hostile, FIRST_DAY))
    messages.write(batch, "first")
    assert rows(messages, graph) == batch.to_pylist()


def test_processes_writing_the_same_users_and_campaigns_all_succeed(
    settings: StoreSettings, messages: MessageGraph, graph: OwnGraph
) -> None:
    def paths(writer: int) -> list[tuple[str, str, str, date]]:
        return [
            (f"w{writer}-{n:03}", f"user{n % 20:02}", f"campaign{n % 3}", FIRST_DAY)
            for n in range(200)
        ]

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        writing = [
            processes.submit(write_messages, settings, graph.message_batch(*paths(writer)), "first")
            for writer in (0, 1)
        ]
        assert [written.result(timeout=120) for written in writing] == [200, 200]
    expected = [(user, message, c) for w in (0, 1) for message, user, c, _ in paths(w)]
    assert graph.messages() == sorted(expected)
    assert len(graph.users()) == 20
    assert len(graph.campaigns()) == 3


def test_processes_writing_the_same_messages_leave_one_of_each(
    settings: StoreSettings, messages: MessageGraph, graph: OwnGraph
) -> None:
    paths = [(f"m{n:03}", f"user{n % 20:02}", f"campaign{n % 3}", FIRST_DAY) for n in range(200)]
    batch = graph.message_batch(*paths)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        writing = [processes.submit(write_messages, settings, batch, stamp) for stamp in ("a", "b")]
        assert [written.result(timeout=120) for written in writing] == [200, 200]
    assert graph.messages() == sorted((user, message, c) for message, user, c, _ in paths)


def test_processes_preparing_at_once_all_succeed(settings: StoreSettings) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        preparing = [processes.submit(prepare, settings) for _ in range(4)]
        assert [prepared.result(timeout=120) for prepared in preparing] == [None] * 4


def test_opening_on_a_dead_server_can_be_tried_again(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="neo4j: could not connect"):
        MessageGraph(dead_settings)


def test_opening_with_a_wrong_password_is_rejected_without_showing_it(
    settings: StoreSettings,
) -> None:
    wrong = settings.model_copy(update={"neo4j_password": SecretStr("wrong-secret")})
    with pytest.raises(StoreRejected) as rejected:
        MessageGraph(wrong)
    assert "wrong-secret" not in str(rejected.value)


def test_opening_a_database_that_does_not_exist_is_rejected(settings: StoreSettings) -> None:
    with pytest.raises(StoreRejected):
        MessageGraph(settings.model_copy(update={"neo4j_database": "nosuchdatabase"}))
