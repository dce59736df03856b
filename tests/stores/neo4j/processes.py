"""Work that a test starts in processes of its own, as Spark's workers would."""

import pyarrow as pa

from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.settings import StoreSettings


def write_messages(settings: StoreSettings, batch: pa.RecordBatch, stamp: str) -> int:
    with MessageGraph(settings) as target:
        return target.write(batch, stamp)


def write_edges(settings: StoreSettings, batch: pa.RecordBatch, stamp: str) -> int:
    with EngagedWithEdges(settings) as target:
        return target.write(batch, stamp)


def prepare(settings: StoreSettings) -> None:
    with MessageGraph(settings) as target:
        target.prepare()
