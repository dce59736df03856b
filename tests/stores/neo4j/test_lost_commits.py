import asyncio
from urllib.parse import urlsplit

from mpp_stores.neo4j.writer import MessageGraph
from mpp_stores.settings import StoreSettings
from tests.proxy import Proxy
from tests.stores.neo4j.own_graph import FIRST_DAY, OwnGraph

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""What Bolt sends for it: two bytes, a structure without fields of kind 0x12, no more."""


class LosesOneAnswer(Proxy):
    """That of the server to the first commit: the connection ends instead."""

    has_lost = False
    _is_due = False

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passing: asyncio.Event
    ) -> None:
        while (data := await source.read(65_536)) and not self._is_due:
            self._is_due = not self.has_lost and data.endswith(COMMIT)
            self.has_lost |= self._is_due
            sink.write(data)
        self._is_due = False
        sink.close()


async def test_a_write_whose_commit_was_not_answered_is_repeated(
    settings: StoreSettings, graph: OwnGraph
) -> None:
    batch = graph.message_batch(("m1", "ada", "spring", FIRST_DAY))

    def write(through: StoreSettings) -> None:
        with MessageGraph(through) as messages:
            messages.write(batch)

    address = urlsplit(settings.neo4j_uri)
    async with LosesOneAnswer(str(address.hostname), int(str(address.port))) as proxy:
        uri = f"bolt://127.0.0.1:{proxy.port}"
        await asyncio.to_thread(write, settings.model_copy(update={"neo4j_uri": uri}))
    assert proxy.has_lost
    assert graph.messages() == [("ada", "m1", "spring")]
