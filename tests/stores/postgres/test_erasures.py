import hashlib
import hmac
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from mpp_stores.errors import StoreUnavailable
from mpp_stores.postgres import compaction, erasures
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.erasures import ErasedSubjects
from mpp_stores.records import Erasure
from mpp_stores.settings import StoreSettings
from tests.stores.postgres.locks import READ, in_use, seen_as_it_is
from tests.stores.postgres.processes import request_erasure

RECEIPT = {"verified": True, "remaining": {"mongo/conversations": 0}}


@dataclass(frozen=True, slots=True)
class Register:
    """The functions under test, each on `schema_name`."""

    settings: StoreSettings
    schema_name: str

    def request(self, user_id: str) -> Erasure:
        return erasures.request(self.settings, user_id, schema_name=self.schema_name)

    def find(self, erasure_id: str) -> Erasure | None:
        return erasures.find(self.settings, erasure_id, schema_name=self.schema_name)

    def found(self, erasure_id: str) -> Erasure:
        erasure = self.find(erasure_id)
        assert erasure is not None
        return erasure

    def open(self) -> list[Erasure]:
        return erasures.open_erasures(self.settings, schema_name=self.schema_name)

    def mark_scrubbed(self, erasure_id: str, counts: dict[str, int]) -> None:
        erasures.mark_scrubbed(self.settings, erasure_id, counts, schema_name=self.schema_name)

    def complete(self, erasure_id: str, receipt: dict[str, Any]) -> None:
        erasures.complete(self.settings, erasure_id, receipt, schema_name=self.schema_name)

    def carry_out(self, user_id: str) -> Erasure:
        """From the request to the receipt."""
        erasure_id = self.request(user_id).erasure_id
        self.mark_scrubbed(erasure_id, {"files": 1})
        self.complete(erasure_id, RECEIPT)
        return self.found(erasure_id)

    def erased(self) -> ErasedSubjects:
        return erasures.erased_subjects(self.settings, schema_name=self.schema_name)


@pytest.fixture
def register(settings: StoreSettings, schema_name: str) -> Register:
    return Register(settings, schema_name)


def test_a_schema_without_tables_reads_as_empty(register: Register) -> None:
    assert register.find("some-erasure") is None
    assert register.open() == []


def test_nobody_was_erased_before_the_first_request(register: Register) -> None:
    assert not register.erased().includes("ada")


def test_a_request_is_open_until_it_is_completed(register: Register) -> None:
    erasure = register.request("ada")
    assert erasure == Erasure(
        erasure_id=erasure.erasure_id,
        subject_hash=erasure.subject_hash,
        user_id="ada",
        state="requested",
        requested_at=erasure.requested_at,
        scrubbed_at=None,
        completed_at=None,
        receipt={},
    )
    assert register.find(erasure.erasure_id) == erasure
    assert register.open() == [erasure]


def test_a_request_that_is_repeated_is_the_open_one(register: Register) -> None:
    first = register.request("ada")
    assert register.request("ada") == first
    register.mark_scrubbed(first.erasure_id, {"files": 1, "records": 2})
    assert register.request("ada") == register.found(first.erasure_id)
    assert len(register.open()) == 1


def test_white_space_around_an_id_does_not_count(register: Register) -> None:
    padded = register.request(" \u3000ada\n")
    assert padded.user_id == "ada"
    assert register.request("ada") == padded
    assert register.erased().includes("ada")


@pytest.mark.parametrize("nobody", ["", " \u3000\n"])
def test_an_id_of_white_space_is_refused(register: Register, nobody: str) -> None:
    with pytest.raises(ValueError, match="more than white space"):
        register.request(nobody)
    assert register.open() == []


def test_users_have_requests_of_their_own_the_oldest_first(register: Register) -> None:
    requested = [register.request(user) for user in ("bob", "ada", "ada' OR '1'='1")]
    assert register.open() == requested
    assert len({each.erasure_id for each in requested}) == 3
    assert len({each.subject_hash for each in requested}) == 3


def test_a_scrubbed_erasure_says_when_and_what_was_removed(register: Register) -> None:
    requested = register.request("ada")
    register.mark_scrubbed(requested.erasure_id, {"files": 1, "records": 2})
    scrubbed = register.found(requested.erasure_id)
    assert (scrubbed.state, scrubbed.user_id) == ("scrubbed", "ada")
    assert scrubbed.receipt == {"files": 1, "records": 2}
    assert scrubbed.scrubbed_at is not None
    assert scrubbed.requested_at <= scrubbed.scrubbed_at
    assert scrubbed.completed_at is None
    assert register.open() == [scrubbed]


def test_a_completed_erasure_keeps_its_receipt_and_forgets_the_id(register: Register) -> None:
    requested = register.request("ada")
    register.mark_scrubbed(requested.erasure_id, {"files": 1})
    register.complete(requested.erasure_id, RECEIPT)
    completed = register.found(requested.erasure_id)
    assert (completed.state, completed.user_id) == ("completed", None)
    assert completed.receipt == RECEIPT
    assert completed.subject_hash == requested.subject_hash
    assert completed.scrubbed_at is not None
    assert completed.completed_at is not None
    assert completed.scrubbed_at <= completed.completed_at
    assert register.open() == []


def test_no_column_of_a_completed_erasure_names_the_user(register: Register) -> None:
    register.carry_out("ada-lovelace")
    query = SQL("SELECT erasures::text FROM {}.erasures").format(Identifier(register.schema_name))
    with connect(register.settings) as connection:
        [(row,)] = connection.execute(query).fetchall()
    assert "ada-lovelace" not in row


def test_what_was_not_scrubbed_cannot_be_completed(register: Register) -> None:
    requested = register.request("ada")
    register.complete(requested.erasure_id, RECEIPT)
    assert register.open() == [requested]


def test_scrubbing_again_keeps_what_the_first_one_removed(register: Register) -> None:
    erasure_id = register.request("ada").erasure_id
    register.mark_scrubbed(erasure_id, {"files": 1})
    scrubbed = register.found(erasure_id)
    register.mark_scrubbed(erasure_id, {"files": 0})
    assert register.found(erasure_id) == scrubbed


def test_what_is_completed_stays_as_it_is(register: Register) -> None:
    completed = register.carry_out("ada")
    register.mark_scrubbed(completed.erasure_id, {"files": 0})
    register.complete(completed.erasure_id, {"verified": False})
    assert register.found(completed.erasure_id) == completed


def test_an_erasure_that_is_interrupted_before_its_row_is_rewritten_stays_open(
    register: Register,
) -> None:
    """Whoever reads the table keeps it from being rewritten."""
    erasure_id = register.request("ada").erasure_id
    register.mark_scrubbed(erasure_id, {"files": 1})
    with in_use(register.settings, register.schema_name, "erasures", mode=READ) as impatient:
        interrupted = Register(impatient, register.schema_name)
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            interrupted.complete(erasure_id, RECEIPT)
    left = register.found(erasure_id)
    assert (left.state, left.user_id, left.receipt) == ("scrubbed", None, RECEIPT)
    assert register.open() == [left]

    register.complete(erasure_id, {"verified": False})
    completed = register.found(erasure_id)
    assert (completed.state, completed.receipt) == ("completed", RECEIPT)
    assert register.open() == []


def test_an_erasure_whose_id_somebody_can_still_see_stays_open(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "REWRITE_AGAIN_SECONDS", 0)
    erasure_id = register.request("ada").erasure_id
    register.mark_scrubbed(erasure_id, {"files": 1})
    with seen_as_it_is(register.settings):
        with pytest.raises(StoreUnavailable, match="for a transaction that is open"):
            register.complete(erasure_id, RECEIPT)
        assert register.open() == [register.found(erasure_id)]

    register.complete(erasure_id, RECEIPT)
    assert register.open() == []


def test_changing_one_erasure_leaves_the_others_alone(register: Register) -> None:
    bob = register.request("bob")
    register.carry_out("ada")
    assert register.open() == [bob]


def test_a_request_after_completion_is_a_new_erasure_of_the_same_subject(
    register: Register,
) -> None:
    first = register.carry_out("ada")
    second = register.request("ada")
    assert second.erasure_id != first.erasure_id
    assert second.subject_hash == first.subject_hash
    assert second.state == "requested"
    assert register.open() == [second]
    assert register.found(first.erasure_id) == first


def test_a_user_counts_as_erased_from_the_request_on_and_for_good(register: Register) -> None:
    erasure_id = register.request("ada").erasure_id
    assert register.erased().includes("ada")
    register.mark_scrubbed(erasure_id, {})
    assert register.erased().includes("ada")
    register.complete(erasure_id, RECEIPT)
    assert register.erased().includes("ada")
    assert not register.erased().includes("Ada")
    assert not register.erased().includes("")


def test_the_salt_is_generated_once_and_differs_between_databases(
    register: Register, settings: StoreSettings
) -> None:
    salt = register.erased().salt
    register.request("ada")
    assert register.erased().salt == salt
    assert len(salt) == 32
    other = Register(settings, f"{register.schema_name}_other")
    try:
        assert other.erased().salt != salt
    finally:
        with connect(settings) as connection:
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(other.schema_name)))


def test_a_subject_is_the_keyed_hash_of_the_id(register: Register) -> None:
    erasure = register.request("名前")
    salt = register.erased().salt
    assert erasure.subject_hash == hmac.new(salt, "名前".encode(), hashlib.sha256).hexdigest()


def test_the_erased_show_neither_salt_nor_ids_and_pickle(register: Register) -> None:
    register.request("ada-lovelace")
    erased = register.erased()
    assert "salt" not in repr(erased)
    assert repr(erased.salt) not in repr(erased)
    assert "ada-lovelace" not in repr(erased)
    unpickled = pickle.loads(pickle.dumps(erased))
    assert unpickled == erased
    assert unpickled.includes("ada-lovelace")


def test_processes_requesting_the_same_user_at_once_get_one_erasure(
    register: Register, two_processes: ProcessPoolExecutor
) -> None:
    requesting = [
        two_processes.submit(request_erasure, register.settings, register.schema_name, "ada")
        for _ in range(8)
    ]
    requested = [each.result(timeout=60) for each in requesting]
    assert requested == register.open() * 8


def test_processes_requesting_different_users_at_once_share_the_salt(
    register: Register, two_processes: ProcessPoolExecutor
) -> None:
    users = [f"user-{number}" for number in range(8)]
    requesting = [
        two_processes.submit(request_erasure, register.settings, register.schema_name, user)
        for user in users
    ]
    for each in requesting:
        each.result(timeout=60)
    assert all(map(register.erased().includes, users))


def test_a_dead_server_is_reported_as_unavailable(dead_settings: StoreSettings) -> None:
    with pytest.raises(StoreUnavailable, match="postgres: could not connect"):
        erasures.request(dead_settings, "ada")
