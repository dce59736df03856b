"""Who did what with an admin key: a line of the log, and a row in Postgres."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from mpp_api.deadline import Deadline, within
from mpp_api.security.key_ring import Caller
from mpp_api.settings import ApiSettings
from mpp_stores.errors import StoreError
from mpp_stores.postgres import audit
from mpp_stores.postgres.audit import AuditEntry

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class AdminAction:
    """`subject` is set once the action has one: an erasure's id, never a user's."""

    subject: str = ""


class Audit:
    """Of one request."""

    def __init__(
        self, settings: ApiSettings, caller: Caller, request_id: str, deadline: Deadline
    ) -> None:
        self._settings = settings
        self._caller = caller
        self._request_id = request_id
        self._deadline = deadline

    @asynccontextmanager
    async def action(self, name: str) -> AsyncIterator[AdminAction]:
        """Record what the block does, whether or not it succeeds.

        The row is written before the reply is sent. Where Postgres does not take it by the
        deadline the line remains: what was done is not undone for that.
        """
        action, outcome = AdminAction(), "done"
        try:
            yield action
        except BaseException as error:  # a cancelled action too
            outcome = type(error).__name__
            raise
        finally:
            entry = AuditEntry(self._caller.key_id, name, action.subject, outcome, self._request_id)
            await self._record(entry)

    async def _record(self, entry: AuditEntry) -> None:
        logger.info(
            "admin action %s of key %s on %s: %s",
            *(entry.action, entry.key_id, entry.subject or "nothing", entry.outcome),
            extra={"audit": asdict(entry)},
        )
        try:
            await within(
                self._deadline.left(),
                "postgres",
                "record an admin action",
                asyncio.to_thread(audit.record, self._settings, entry),
            )
        except StoreError as error:
            logger.error("the admin action is in this log only: %s", error)  # noqa: TRY400
