import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from mpp_stores.errors import StoreRejected
from mpp_stores.postgres.connection import connect, is_retryable, postgres_errors
from mpp_stores.settings import StoreSettings


def with_url(settings: StoreSettings, url: str) -> StoreSettings:
    return settings.model_copy(update={"postgres_url": SecretStr(url)})


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection refused"),
        psycopg.errors.ConnectionTimeout("connection timeout expired"),
        psycopg.errors.SerializationFailure(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.TooManyConnections(),
        psycopg.errors.CannotConnectNow(),
        psycopg.errors.ReadOnlySqlTransaction(),
        TimeoutError(),
    ],
)
def test_lost_connections_timeouts_and_conflicts_are_worth_a_retry(error: Exception) -> None:
    assert is_retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError('FATAL:  password authentication failed for user "mpp"'),
        psycopg.OperationalError('FATAL:  database "nope" does not exist'),
        psycopg.errors.InvalidPassword(),
        psycopg.errors.UniqueViolation(),
        psycopg.errors.NumericValueOutOfRange(),
        psycopg.errors.UndefinedTable(),
        KeyError("engagement_level"),
    ],
)
def test_refused_credentials_and_data_are_not_worth_a_retry(error: Exception) -> None:
    assert not is_retryable(error)


def test_a_value_that_is_refused_is_not_quoted(settings: StoreSettings) -> None:
    with (
        connect(settings) as connection,
        pytest.raises(StoreRejected, match="InvalidTextRepresentation 22P02") as refused,
        postgres_errors("convert"),
    ):
        connection.execute("SELECT %s::int", ["ada-lovelace"])
    assert "ada-lovelace" not in str(refused.value)


def test_a_wrong_password_is_refused_without_showing_it(settings: StoreSettings) -> None:
    right = conninfo_to_dict(settings.postgres_url.get_secret_value())
    wrong = make_conninfo("", **{**right, "password": "not-the-password"})
    with pytest.raises(StoreRejected, match="authentication failed") as refused:
        connect(with_url(settings, wrong))
    assert "not-the-password" not in str(refused.value)


def test_an_unknown_database_is_refused(settings: StoreSettings) -> None:
    right = conninfo_to_dict(settings.postgres_url.get_secret_value())
    with pytest.raises(StoreRejected, match="does not exist"):
        connect(with_url(settings, make_conninfo("", **{**right, "dbname": "no_such_database"})))


def test_a_malformed_url_is_refused_without_showing_its_password(settings: StoreSettings) -> None:
    with pytest.raises(StoreRejected, match="MPP_POSTGRES_URL") as refused:
        connect(with_url(settings, "postgresql://mpp:s3cret@[127.0.0.1/mpp"))
    assert "s3cret" not in str(refused.value)


def test_sessions_are_in_utc(settings: StoreSettings) -> None:
    with connect(settings) as connection:
        assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)


def test_a_server_that_is_gone_is_noticed_by_every_connection(settings: StoreSettings) -> None:
    with connect(settings) as connection:
        parameters = connection.info.get_parameters()
    assert parameters["keepalives_idle"] == "60"
    assert parameters["tcp_user_timeout"] == "60000"


def test_the_url_may_say_otherwise(settings: StoreSettings) -> None:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    own = make_conninfo("", **{**url, "keepalives_idle": 7})
    with connect(with_url(settings, own)) as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "7"


def test_session_options_of_the_url_are_kept(settings: StoreSettings) -> None:
    url = conninfo_to_dict(settings.postgres_url.get_secret_value())
    own = make_conninfo("", **{**url, "options": "-c work_mem=5MB"})
    with connect(with_url(settings, own)) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
