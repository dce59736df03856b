"""The two ways a store can fail: try again, or repair something first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar


class StoreError(Exception):
    """A store did not do what was asked.

    The message says which store, what was attempted and what to do next.
    `retryable` tells the orchestrator and the API whether trying again helps.
    """

    retryable: ClassVar[bool]

    def __init__(self, store: str, attempted: str, cause: BaseException | str) -> None:
        self.store = store
        self.attempted = attempted
        self.cause = cause
        super().__init__(f"{store}: could not {attempted}: {cause} ({self._advice()})")

    def __reduce__(self) -> tuple[type["StoreError"], tuple[str, str, str]]:
        # Spark carries errors from executors to the driver by pickling them.
        return type(self), (self.store, self.attempted, str(self.cause))

    def _advice(self) -> str:
        if self.retryable:
            return "trying again can help: check that the store is up and reachable"
        return "trying again will not help: correct the input or the store's set-up"


class StoreUnavailable(StoreError):
    """Unreachable, overloaded, timed out, or lost a write conflict: try again."""

    retryable = True


class StoreRejected(StoreError):
    """The store understood and refused: wrong shape, constraint, credentials."""

    retryable = False


@contextmanager
def translated(
    store: str,
    attempted: str,
    is_retryable: Callable[[Exception], bool],
    summary: Callable[[Exception], str | None] | None = None,
) -> Iterator[None]:
    """Re-raise any driver error of the block as a `StoreError`.

    Each store's package passes a rule that tells its own driver's transient
    errors from the rest. `summary` is what to say of an error that quotes stored values,
    and None of any other: orchestrators keep what they are told, tracebacks included.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        kind = StoreUnavailable if is_retryable(error) else StoreRejected
        if summary is not None and (summarised := summary(error)) is not None:
            raise kind(store, attempted, summarised) from None
        raise kind(store, attempted, error) from error
