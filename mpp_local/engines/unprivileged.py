"""Running a program that refuses to run as root.

PostgreSQL does. As root, a user namespace shows it another user id while files keep
their owner. Where namespaces are forbidden (many containers), it runs as the user
`nobody`, with the one capability that lets it through folders only root may enter.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

NAMESPACE_USER_ID = 1000
CAPABILITY = "+dac_override"


def as_unprivileged(command: Sequence[str], owning: Path) -> list[str]:
    """The command that runs `command` with an effective user other than root.

    `owning` must exist by then; everything below it is given to the user that will
    own it, because PostgreSQL demands to own its data.
    """
    if os.geteuid() != 0:
        return list(command)
    prefix = _namespace_prefix()
    if _works(prefix):
        _give(owning, user_id=0, group_id=0)
    else:
        nobody = pwd.getpwnam("nobody")
        prefix = _nobody_prefix(nobody)
        if not _works(prefix):
            raise RuntimeError(
                "PostgreSQL refuses to run as root, and neither `unshare` nor `setpriv` "
                "may change the user here: run `mpp` as an ordinary user, or set MPP_POSTGRES_URL"
            )
        _give(owning, nobody.pw_uid, nobody.pw_gid)
    return [*prefix, *command]


def _namespace_prefix() -> tuple[str, ...]:
    user = NAMESPACE_USER_ID
    return ("unshare", "--user", f"--map-user={user}", f"--map-group={user}")


def _nobody_prefix(nobody: pwd.struct_passwd) -> tuple[str, ...]:
    return (
        *("setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"),
        *(f"--inh-caps={CAPABILITY}", f"--ambient-caps={CAPABILITY}"),
    )


@cache
def _works(prefix: tuple[str, ...]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603


def _give(folder: Path, user_id: int, group_id: int) -> None:
    if not folder.exists() or folder.stat().st_uid == user_id:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user_id, group_id, follow_symlinks=False)
