"""One definition of a method for both clients."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, overload

from mpp_api.client.call import Answer, Call

if TYPE_CHECKING:
    from mpp_api.client.clients import AsyncClient, Client


P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


class Method(Generic[P, T]):
    """A function that builds a call, as a method that makes it: awaited of an `AsyncClient`."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, Answer[T]]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, Awaitable[Answer[T]]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    def __get__(self, client: "Client | AsyncClient | None", owner: type) -> Any:
        if client is None:
            return self

        @wraps(self._build)
        def made(*arguments: P.args, **named: P.kwargs) -> Any:
            return client.send(self._build(*arguments, **named))

        return made


class Listing(Generic[P, T, Item]):
    """All items of a list that comes in pages, asked for as they are needed.

    `next_of` is what a reply says of the page after it, which is asked for under the name
    `cursor`. An iteration that raises `Conflict` met a list that changed since its first page.
    """

    def __init__(
        self,
        build: Callable[P, Call[T]],
        items: Callable[[T], Sequence[Item]],
        next_of: Callable[[T], str | None],
        cursor: str = "cursor",
    ) -> None:
        self._build: Callable[..., Call[T]] = build
        self._items = items
        self._next_of = next_of
        self._cursor = cursor
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, Iterator[Item]]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, AsyncIterator[Item]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    def __get__(self, client: "Client | AsyncClient | None", owner: type) -> Any:
        if client is None:
            return self

        @wraps(self._build)
        def iterated(*arguments: Any, **named: Any) -> Any:
            def page(cursor: str) -> Call[T]:
                return self._build(*arguments, **named | ({self._cursor: cursor} if cursor else {}))

            return client.iterate(page, self._items, self._next_of)

        return iterated
