"""Work that a test starts in processes of its own, as Spark's workers would."""

from collections.abc import Sequence

import pyarrow as pa

from mpp_stores.neo4j.writer import EngagedWithEdges, MessageGraph
from mpp_stores.settings import StoreSettings


def write_messages(settings: StoreSettings, batch: pa.RecordBatch) -> int:
    with MessageGraph(settings) as target:
        return target.write(batch)


def write_one_by_one(settings: StoreSettings, batch: pa.RecordBatch) -> int:
    """Each message in a transaction of its own."""
    with MessageGraph(settings) as target:
        return sum(target.write(batch.slice(row, 1)) for row in range(batch.num_rows))


def drop_one_by_one(settings: StoreSettings, materializations: Sequence[int]) -> int:
    """Each materialization in a drop of its own."""
    with MessageGraph(settings) as target:
        return sum(target.drop([number]) for number in materializations)


def write_edges(settings: StoreSettings, batch: pa.RecordBatch) -> int:
    with EngagedWithEdges(settings) as target:
        return target.write(batch)


def prepare(settings: StoreSettings) -> None:
    with MessageGraph(settings) as target:
        target.prepare()
