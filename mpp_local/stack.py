"""A stack's folder, and what it remembers between two starts.

Everything of one stack lies below its home (`MPP_HOME`, default `.mpp`):

    stack.json   ports, generated passwords, external addresses; mode 0600
    api-keys.json  hashes of the API keys; mode 0600
    campaigns.json  what `mpp campaigns` put in place
    engines/     the data of each local engine
    dagster/     DAGSTER_HOME
    logs/        one log a program
    run/         supervisor's configuration, pid and socket
    lake/ landing/ reports/ withdrawn/   written by the pipeline
    lock         held by the command that starts, stops or deletes the stack

A folder is a stack's home when it holds a stack.json.
"""

import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mpp_local.locks import Tell, is_at, lock
from mpp_local.ports import free_port, is_free
from mpp_stores import api_keys
from mpp_stores.settings import CAMPAIGNS_FILE
from mpp_stores.whole_file import replacing

DEFAULT_HOME = ".mpp"
STATE_FILE = "stack.json"
STATE_FOLDERS = ("engines", "dagster", "logs", "run", "lake", "landing", "reports", "withdrawn")
LOCK_FILE = "lock"
STATE_FILES = (CAMPAIGNS_FILE, api_keys.FILE_NAME, STATE_FILE, LOCK_FILE)
"""The order in which they are deleted: without stack.json the folder is no stack's home, and
without the lock another command begins."""
LONGEST_SOCKET_PATH = 90
"""The kernel takes 107 bytes; supervisor appends its pid while it binds."""


class NoStack(Exception):
    """The folder is not the home of a stack."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{home} holds no stack: start one with `mpp up`, or set MPP_HOME")


class UnreadableStack(Exception):
    """There is a stack.json, and it cannot be read."""

    def __init__(self, file: Path, reason: Exception) -> None:
        super().__init__(
            f"{file} cannot be read: {reason}. It holds the passwords of the stores: restore it, "
            "or set MPP_HOME to another folder to begin anew"
        )


def home_from_environment() -> Path:
    """`MPP_HOME`, or `.mpp` in the working directory, as an absolute path."""
    return Path(os.environ.get("MPP_HOME") or DEFAULT_HOME).resolve()


@dataclass
class Stack:
    """One stack. `external` maps an engine's name to the `MPP_*` variables that replace it,
    `milvus` names the server in that role, as `MPP_LOCAL_MILVUS` does."""

    home: Path
    ports: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    external: dict[str, dict[str, str]] = field(default_factory=dict)
    milvus: str = "lite"

    @classmethod
    def load(cls, home: Path) -> "Stack":
        """Read a stack that was started before.

        Raises `NoStack` where there is none, `UnreadableStack` where its file is damaged.
        """
        home = home.resolve()
        file = home / STATE_FILE
        try:
            return cls(home, **json.loads(file.read_text()))
        except FileNotFoundError:
            raise NoStack(home) from None
        except (OSError, ValueError, TypeError) as error:
            raise UnreadableStack(file, error) from error

    @classmethod
    def load_or_create(cls, home: Path) -> "Stack":
        try:
            return cls.load(home)
        except NoStack:
            stack = cls(home.resolve())
            stack.home.mkdir(parents=True, exist_ok=True)
            stack.save()
            return stack

    @classmethod
    @contextmanager
    def locked(cls, home: Path, tell: Tell, *, create: bool = False) -> Iterator["Stack"]:
        """The stack as the command before left it, while no other may start, stop or delete it.

        Raises what `load` does, and creates nothing then.
        """
        home = home.resolve()
        path = home / LOCK_FILE
        while True:
            if create:
                home.mkdir(parents=True, exist_ok=True)
            else:
                cls.load(home)
            with path.open("w") as file:
                lock(file, tell, "another command on this stack")
                if not is_at(path, file):
                    continue  # that command deleted the stack
                try:
                    stack = cls.load_or_create(home) if create else cls.load(home)
                except OSError:
                    path.unlink()
                    raise
                yield stack
                return

    def save(self) -> None:
        write_private(
            self.home / STATE_FILE,
            json.dumps(
                {
                    "ports": self.ports,
                    "passwords": self.passwords,
                    "external": self.external,
                    "milvus": self.milvus,
                },
                indent=2,
            ),
        )

    def engine_folder(self, name: str) -> Path:
        """Where the named engine keeps its data. Created on demand, open to its owner only."""
        folder = self.home / "engines" / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def control_socket(self) -> Path:
        """Supervisor's socket: in `run/`, or in a private folder of `/tmp` if that is too long."""
        beside_state = self.run / "supervisor.sock"
        if len(os.fsencode(beside_state)) <= LONGEST_SOCKET_PATH:
            return beside_state
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path("/tmp") / f"mpp-{os.getuid()}" / f"{digest}.sock"  # noqa: S108

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def password(self, name: str) -> str:
        """The named password, generated when first asked for."""
        return self.passwords.setdefault(name, secrets.token_urlsafe(24))

    def assign_ports(self, defaults: Mapping[str, int], *, must_be_free: bool) -> None:
        """Give each name a port: the remembered one, else the default, else another free one.

        `must_be_free` replaces a remembered port that something uses now. A running
        program uses its own.
        """
        for name, default in defaults.items():
            remembered = self.ports.get(name)
            if remembered is None or (must_be_free and not is_free(remembered)):
                taken = {port for other, port in self.ports.items() if other != name}
                self.ports[name] = free_port(default, taken, seed=f"{self.home}:{name}")

    def create_folders(self) -> None:
        """Create what the programs expect below home. Idempotent.

        Raises `PermissionError` when the socket's folder in `/tmp` belongs to someone else.
        """
        for folder in (self.run, self.logs, self.dagster_home):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        socket_folder = self.control_socket.parent
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        status = socket_folder.lstat()
        if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):
            raise PermissionError(f"{socket_folder} belongs to another user: choose a shorter home")

    def remove(self) -> list[Path]:
        """Delete the state of a stopped, `locked` stack. Returns what else lies in home, which
        is kept."""
        for name in STATE_FOLDERS:
            shutil.rmtree(self.home / name, ignore_errors=True)
        kept = sorted(path for path in self.home.iterdir() if path.name not in STATE_FILES)
        for name in STATE_FILES:
            (self.home / name).unlink(missing_ok=True)
        if not kept:
            with suppress(OSError):  # unless another command has begun there meanwhile
                self.home.rmdir()
        return kept


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step, readable by its owner only."""
    with replacing(path) as file:
        file.write(text.encode())
