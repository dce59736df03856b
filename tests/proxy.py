"""A store at one more port, which passes on what is said, or does not."""

import asyncio
from contextlib import suppress
from typing import Self


class Proxy:
    """To a server at `host` and `port`, listening at `own_port` of this machine, any by default.

    While hanging, connections are accepted and stay open, and nothing is passed on; what was
    said meanwhile is passed on afterwards. `is_unused` is set whenever the last one was closed.
    """

    def __init__(self, host: str, port: int, own_port: int = 0) -> None:
        self._target = (host, port)
        self._seconds = 0.0
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = own_port
        self.open_connections = 0
        self.is_unused = asyncio.Event()

    async def pass_on(self) -> None:
        self._seconds = 0.0
        self._passing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def hang(self) -> None:
        self._passing.clear()

    async def lose_connections(self) -> None:
        """Those that are open hang for good, and nobody tells their ends; new ones work."""
        self._passing.clear()
        self._passing = asyncio.Event()
        self._passing.set()

    async def delay(self, seconds: float = 5.0) -> None:
        """Whatever is said, either way, from now on."""
        self._seconds = seconds

    async def refuse(self) -> None:
        """Cut every connection and accept none."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = self._passing
        self._writers.add(writer)
        self.open_connections += 1
        self.is_unused.clear()
        # Who stays open for good is cancelled with the event loop.
        with suppress(OSError, asyncio.CancelledError):
            await passing.wait()
            from_target, to_target = await asyncio.open_connection(*self._target)
            self._writers.add(to_target)
            await asyncio.gather(
                self._pump(reader, to_target, passing), self._pump(from_target, writer, passing)
            )
        self.open_connections -= 1
        if not self.open_connections:
            self.is_unused.set()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passing: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await passing.wait()
                await asyncio.sleep(self._seconds)
                sink.write(data)
        sink.close()

    async def __aenter__(self) -> Self:
        await self.pass_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
