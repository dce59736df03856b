from concurrent.futures import ProcessPoolExecutor
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pydantic import SecretStr

from mpp_stores.errors import StoreRejected, StoreUnavailable
from mpp_stores.neo4j.writer import MessageGraph
from mpp_stores.settings import StoreSettings
from mpp_stores.target import NOTHING, Digest, identity_hash
from tests.stores.neo4j.own_graph import FIRST_DAY, HOSTILE_IDS, SECOND_DAY, OwnGraph
from tests.stores.neo4j.processes import (
    drop_one_by_one,
    prepare,
    write_messages,
    write_one_by_one,
)


def rows(target: MessageGraph, *materializations: int) -> list[dict[str, Any]]:
    """By message id."""
    found = [row for batch in target.read(materializations) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: str(row["message_id"]))


def test_a_message_links_its_user_to_its_campaign(messages: MessageGraph, graph: OwnGraph) -> None:
    assert messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY))) == 1
    assert graph.messages() == [("ada", "m1", "spring")]


def test_a_message_reads_back_exactly_with_its_microseconds(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", SECOND_DAY)
    )
    messages.write(batch)
    assert rows(messages, graph.first) == batch.select(messages.schema.names).to_pylist()


def test_every_batch_read_has_the_schema_of_the_target(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    assert {batch.schema for batch in messages.read([graph.first])} == {messages.schema}


def test_a_batch_of_many_transactions_arrives_whole(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    batch = graph.message_batch(
        *((f"m{n:04}", f"user{n % 7}", f"campaign{n % 3}", FIRST_DAY) for n in range(1_205))
    )
    assert messages.write(batch) == 1_205
    assert rows(messages, graph.first) == batch.select(messages.schema.names).to_pylist()


def test_writing_twice_equals_writing_once(messages: MessageGraph, graph: OwnGraph) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "ada", "summer", FIRST_DAY)
    )
    messages.write(batch)
    messages.write(batch)
    assert graph.messages() == [("ada", "m1", "spring"), ("ada", "m2", "summer")]
    assert rows(messages, graph.first) == batch.select(messages.schema.names).to_pylist()


def test_a_message_of_two_materializations_is_read_from_each_as_it_was_written(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    messages.write(
        graph.message_batch(("m1", "bob", "summer", SECOND_DAY), materialization=graph.second)
    )
    (former,), (later,) = rows(messages, graph.first), rows(messages, graph.second)
    assert (former["user_id"], former["campaign_id"]) == (graph.id("ada"), graph.id("spring"))
    assert (later["user_id"], later["campaign_id"]) == (graph.id("bob"), graph.id("summer"))
    assert (former["event_day"], later["event_day"]) == (FIRST_DAY, SECOND_DAY)


def test_a_batch_may_hold_rows_of_several_materializations(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    first = graph.message_batch(("m1", "ada", "spring", FIRST_DAY))
    second = graph.message_batch(("m2", "ada", "spring", SECOND_DAY), materialization=graph.second)
    messages.write(pa.Table.from_batches([first, second]).combine_chunks().to_batches()[0])
    assert [row["message_id"] for row in rows(messages, graph.first)] == [graph.id("m1")]
    assert [row["message_id"] for row in rows(messages, graph.second)] == [graph.id("m2")]
    assert len(rows(messages, graph.first, graph.second)) == 2


def test_reading_no_materialization_reads_no_row(messages: MessageGraph, graph: OwnGraph) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    assert rows(messages) == []


def test_the_digest_sums_the_hash_of_the_message_ids(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", FIRST_DAY))
    )
    messages.write(
        graph.message_batch(("m2", "ada", "summer", SECOND_DAY), materialization=graph.second)
    )
    first, second = identity_hash([graph.id("m1")]), identity_hash([graph.id("m2")])
    assert messages.digests([graph.first, graph.second, graph.third]) == {
        graph.first: Digest(2, first + second),
        graph.second: Digest(1, second),
        graph.third: NOTHING,
    }


def test_dropping_removes_the_messages_of_the_given_materializations_only(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    for number in (graph.first, graph.second, graph.third):
        messages.write(
            graph.message_batch(("m1", "ada", "spring", FIRST_DAY), materialization=number)
        )
    assert messages.drop([graph.first, graph.second]) == 2
    assert rows(messages, graph.first, graph.second) == []
    assert [row["message_id"] for row in rows(messages, graph.third)] == [graph.id("m1")]


def test_dropping_none_leaves_what_is_loose_to_be_found(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    graph.add_user("loose")
    assert messages.drop([]) == 0
    assert graph.users() == [("loose",)]


def test_dropping_more_messages_than_a_transaction_holds_removes_all(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(
            *((f"m{n}", f"user{n}", f"campaign{n % 3}", FIRST_DAY) for n in range(1_205))
        )
    )
    assert messages.drop([graph.first]) == 1_205
    assert graph.users() == []
    assert graph.campaigns() == []


def test_dropping_again_drops_nothing(messages: MessageGraph, graph: OwnGraph) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    assert [messages.drop([graph.first]), messages.drop([graph.first])] == [1, 0]


def test_dropping_removes_users_and_campaigns_that_nothing_names(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "summer", FIRST_DAY))
    )
    messages.write(
        graph.message_batch(("m2", "bob", "summer", FIRST_DAY), materialization=graph.second)
    )
    messages.drop([graph.first])
    assert graph.users() == [("bob",)]
    assert graph.campaigns() == [("summer",)]


def test_the_rows_of_a_user_are_its_node_and_the_messages_of_every_materialization(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    batch = graph.message_batch(
        ("m1", "ada", "spring", FIRST_DAY), ("m2", "bob", "spring", FIRST_DAY)
    )
    messages.write(batch)
    messages.write(
        graph.message_batch(("m1", "ada", "spring", FIRST_DAY), materialization=graph.second)
    )
    graph.add_user("idle")
    assert messages.rows_of_user(graph.id("ada")) == 3
    assert messages.rows_of_user(graph.id("idle")) == 1
    assert messages.rows_of_user(graph.id("nobody")) == 0


def test_a_whole_graph_has_no_orphans(messages: MessageGraph, graph: OwnGraph) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    assert [orphan for orphan in messages.orphans() if graph.prefix in orphan] == []


def test_users_and_campaigns_that_nothing_names_are_orphans(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(graph.message_batch(("m1", "ada", "spring", FIRST_DAY)))
    graph.add_user("idle")
    graph.add_campaign("empty")
    assert [orphan for orphan in messages.orphans() if graph.prefix in orphan] == [
        f"user {graph.id('idle')}",
        f"campaign {graph.id('empty')}",
    ]


def test_a_message_without_a_user_or_with_two_campaigns_is_an_orphan(
    messages: MessageGraph, graph: OwnGraph
) -> None:
    messages.write(
        graph.message_batch(
            ("m1", "ada", "spring", FIRST_DAY),
            ("m2", "ada", "spring", FIRST_DAY),
            ("m3", "ada", "summer", FIRST_DAY),
        )
    )
    graph.cut_from_user("m1")
    graph.link_to_campaign("m2", "summer")
    found = [orphan for orphan in messages.orphans() if graph.prefix in orphan]
    assert sorted(found) == [f"message {graph.first}/{graph.id(name)}" for name in ("m1", "m2")]


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_is_never_read_as_cypher(
    messages: MessageGraph, graph: OwnGraph, hostile: str
) -> None:
    batch = graph.message_batch((hostile, hostile, hostile, FIRST_DAY))
    messages.write(batch)
    assert rows(messages, graph.first) == batch.select(messages.schema.names).to_pylist()
    assert messages.rows_of_user(graph.id(hostile)) == 2


def test_processes_writing_the_same_users_and_campaigns_all_succeed(
    settings: StoreSettings,
    messages: MessageGraph,
    graph: OwnGraph,
    two_processes: ProcessPoolExecutor,
) -> None:
    def paths(writer: int) -> list[tuple[str, str, str, date]]:
        return [
            (f"w{writer}-{n:03}", f"user{n % 20:02}", f"campaign{n % 3}", FIRST_DAY)
            for n in range(200)
        ]

    writing = [
        two_processes.submit(write_messages, settings, graph.message_batch(*paths(writer)))
        for writer in (0, 1)
    ]
    assert [written.result(timeout=120) for written in writing] == [200, 200]
    expected = [(user, message, c) for w in (0, 1) for message, user, c, _ in paths(w)]
    assert graph.messages() == sorted(expected)
    assert len(graph.users()) == 20
    assert len(graph.campaigns()) == 3


def test_processes_writing_the_same_messages_leave_one_of_each(
    settings: StoreSettings,
    messages: MessageGraph,
    graph: OwnGraph,
    two_processes: ProcessPoolExecutor,
) -> None:
    paths = [(f"m{n:03}", f"user{n % 20:02}", f"campaign{n % 3}", FIRST_DAY) for n in range(200)]
    batch = graph.message_batch(*paths)
    writing = [two_processes.submit(write_messages, settings, batch) for _ in range(2)]
    assert [written.result(timeout=120) for written in writing] == [200, 200]
    assert graph.messages() == sorted((user, message, c) for message, user, c, _ in paths)


def test_a_materialization_written_during_a_drop_keeps_its_users_and_campaigns(
    settings: StoreSettings,
    messages: MessageGraph,
    graph: OwnGraph,
    two_processes: ProcessPoolExecutor,
) -> None:
    former = range(graph.third, graph.third + 30)
    paths = [(f"m{n:02}", f"user{n:02}", f"campaign{n:02}", FIRST_DAY) for n in range(30)]
    for number, path in zip(former, paths, strict=True):
        messages.write(graph.message_batch(path, materialization=number))
    writing = two_processes.submit(write_one_by_one, settings, graph.message_batch(*paths))
    dropping = two_processes.submit(drop_one_by_one, settings, former)
    assert (writing.result(timeout=120), dropping.result(timeout=120)) == (30, 30)
    assert graph.messages() == sorted((user, message, c) for message, user, c, _ in paths)
    assert [orphan for orphan in messages.orphans() if graph.prefix in orphan] == []


def test_processes_preparing_at_once_all_succeed(
    settings: StoreSettings, two_processes: ProcessPoolExecutor
) -> None:
    preparing = [two_processes.submit(prepare, settings) for _ in range(4)]
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
