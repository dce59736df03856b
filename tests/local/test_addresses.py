import pytest

from mpp_local.addresses import without_credentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@127.0.0.1:6379/0", "redis://127.0.0.1:6379"),
        (
            "postgresql://ada:p%2Fw@db.example.com/mpp?sslmode=require",
            "postgresql://db.example.com",
        ),
        ("mongodb://ada:secret@one:27017,two:27018/db", "mongodb://one:27017,two:27018"),
        ("neo4j+s://[::1]:7687", "neo4j+s://[::1]:7687"),
        ("postgresql://%2Frun%2Fpostgres/mpp", "postgresql://%2Frun%2Fpostgres"),
        ("unix:///run/redis.sock", "unix://"),
    ],
)
def test_of_an_address_the_scheme_and_the_hosts_are_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://:sec/ret@cache:6379/0",
        "redis://:12/34@cache:6379/0",
        "redis://user:sec/ret@cache:6379/0",
        "redis://user:12?34@cache:6379/0",
        "redis://:12#34@cache:6379/0",
        "redis://user:s@cret/more@cache:6379/0",
        "redis://:s[ret@cache/@:6379/0",
        ":secret@cache:6379",
        "user:secret@cache:6379",
        "cache:6379",
        "",
    ],
)
def test_of_a_malformed_address_nothing_is_shown(url: str) -> None:
    assert without_credentials(url) == "a malformed address"
