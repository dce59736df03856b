"""Materializations and releases of a schema of the test's own."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from psycopg.sql import SQL, Identifier

from mpp_stores.embedding_model import BUNDLED_MODEL
from mpp_stores.postgres import materializations, releases
from mpp_stores.postgres.connection import connect
from mpp_stores.postgres.releases import DEFAULT_RANKING
from mpp_stores.ranking import RankingConfiguration
from mpp_stores.records import Materialization, Release
from mpp_stores.settings import StoreSettings
from mpp_stores.target import Digest

DATA_THROUGH = date(1999, 3, 5)
DIGEST = Digest(row_count=3, identity_hash=7)


def new_run_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Registry:
    """The functions under test, each on `schema_name`."""

    settings: StoreSettings
    schema_name: str

    def begin(self, asset: str, *partitions: str, run_id: str = "some-run") -> dict[str, int]:
        return materializations.begin(
            self.settings,
            asset=asset,
            partitions=partitions or [""],
            dagster_run_id=run_id,
            schema_name=self.schema_name,
        )

    def complete(self, digests: Mapping[int, Digest]) -> None:
        materializations.complete(self.settings, digests, schema_name=self.schema_name)

    def materialize(
        self, asset: str, partition: str = "", *, digest: Digest = DIGEST, run_id: str = "some-run"
    ) -> int:
        """The number of what was begun and completed."""
        number = self.begin(asset, partition, run_id=run_id)[partition]
        self.complete({number: digest})
        return number

    def latest(self, asset: str) -> dict[str, Materialization]:
        return materializations.latest(self.settings, asset, schema_name=self.schema_name)

    def latest_numbers(self, asset: str) -> dict[str, int]:
        return {name: each.materialization for name, each in self.latest(asset).items()}

    def unpublished(self, asset: str) -> dict[str, int]:
        return materializations.unpublished(self.settings, asset, schema_name=self.schema_name)

    def left_behind(self, *assets: str, for_seconds: float = 0.0) -> dict[int, str]:
        return materializations.left_behind(
            self.settings, assets, for_seconds=for_seconds, schema_name=self.schema_name
        )

    def droppable(
        self, *, except_run: str = "the run that goes on", in_place: Sequence[str] = ()
    ) -> dict[str, list[int]]:
        return materializations.droppable(
            self.settings,
            except_run=except_run,
            in_place=in_place,
            schema_name=self.schema_name,
        )

    def abandoned(self, asset: str, before: int) -> list[int]:
        return materializations.abandoned(
            self.settings, asset, before=before, schema_name=self.schema_name
        )

    def forget(self, *numbers: int) -> None:
        materializations.forget(self.settings, numbers, schema_name=self.schema_name)

    def publish(
        self,
        run_id: str | None = None,
        *,
        quality: Mapping[str, float] | None = None,
        agreeing: Sequence[str] = (),
        upstream: Mapping[str, Iterable[str]] | None = None,
        in_place: Sequence[str] = (),
        including: Mapping[int, Digest] | None = None,
        former: str | None = None,
        renewed: Sequence[str] = (),
        keep: int | None = None,
        ranking: RankingConfiguration = DEFAULT_RANKING,
        embedding_model: str = BUNDLED_MODEL,
    ) -> Release:
        """By a new run where none is named."""
        return releases.publish(
            self.settings,
            dagster_run_id=run_id or new_run_id(),
            data_through=DATA_THROUGH,
            quality=quality or {},
            agreeing=agreeing,
            upstream=upstream,
            in_place=in_place,
            including=including,
            former=former,
            renewed=renewed,
            keep=keep,
            ranking=ranking,
            embedding_model=embedding_model,
            schema_name=self.schema_name,
        )

    def rollback(self, release_id: str) -> Release:
        return releases.rollback(self.settings, release_id, schema_name=self.schema_name)

    def retire(self, *, keep: int) -> list[str]:
        return releases.retire(self.settings, keep=keep, schema_name=self.schema_name)

    def current(self) -> Release | None:
        return releases.current_release(self.settings, schema_name=self.schema_name)

    def releases(self, limit: int = 100) -> list[Release]:
        return releases.releases(self.settings, limit, schema_name=self.schema_name)

    def contents(self, release_id: str) -> list[Materialization]:
        return releases.contents(self.settings, release_id, schema_name=self.schema_name)

    def numbers_of(self, release_id: str) -> list[int]:
        return [each.materialization for each in self.contents(release_id)]

    def served(self) -> list[tuple[str, str]]:
        """What was served, first to last: release and action."""
        query = SQL("SELECT release_id, action FROM {}.serving ORDER BY number")
        with connect(self.settings) as connection:
            return connection.execute(query.format(Identifier(self.schema_name))).fetchall()
