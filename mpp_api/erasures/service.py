from mpp_api.deadline import Deadline, within
from mpp_api.erasures.schemas import ErasureReply
from mpp_api.errors import UnknownErasure
from mpp_api.releases.watch import ReleaseWatch
from mpp_api.security.audit import AdminAction
from mpp_stores.postgres.reader import TableReader


async def request_erasure(
    user_id: str,
    tables: TableReader,
    releases: ReleaseWatch,
    deadline: Deadline,
    action: AdminAction,
) -> ErasureReply:
    """Record the request, and have this process stop serving the user before it is accepted.

    Where that fails the caller asks again: the same erasure is found open. The action has its
    subject by then, since the erasure goes on.
    """
    erasure = await within(
        deadline.left(), "postgres", "request an erasure", tables.request_erasure(user_id)
    )
    action.subject = erasure.erasure_id
    await within(deadline.left(), "postgres", "read the current release", releases.look_again())
    return ErasureReply.model_validate(erasure)


async def erasure(erasure_id: str, tables: TableReader, deadline: Deadline) -> ErasureReply:
    """Raises `UnknownErasure`."""
    found = await within(deadline.left(), "postgres", "read an erasure", tables.erasure(erasure_id))
    if found is None:
        raise UnknownErasure(erasure_id)
    return ErasureReply.model_validate(found)
