"""A lake in a folder, and a Dagster whose runs land and publish in it."""

from datetime import UTC, date, datetime
from pathlib import Path

from mpp_local.batches.publication import Publication, Served
from mpp_local.runs.events import AssetMaterialized, CheckEvaluated
from mpp_stores.lake import BatchSummary, Lake, fingerprint
from mpp_stores.records import Release
from tests.local.sensed_dagster import SensedDagster


class Pipeline:
    """`land` and `refresh` start a run each, which does its work when it is followed.

    `days` are touched by what lands from now on.
    """

    def __init__(self, home: Path) -> None:
        self.landing = home / "landing"
        self.withdrawn = home / "withdrawn"
        self.withdrawn.mkdir()
        self.lake = Lake(home / "lake")
        self.dagster = SensedDagster()
        self.days = ["1999-03-01"]
        self.served = Served()
        self._landings = 0

    def publication(self) -> Publication:
        return Publication(self.dagster, self.lake, lambda: self.served, lambda run, changed: None)

    def land(self, *batches: str, succeeds: bool = True) -> None:
        def effect() -> None:
            for batch in batches if succeeds else ():
                self.record_landing(batch)

        tags = {"dagster/partition": batches[0]} if len(batches) == 1 else {}
        self.dagster.start("land", tags=tags, effect=effect, succeeds=succeeds)

    def refresh(self, *, succeeds: bool = True) -> None:
        written = AssetMaterialized("m", "mongo/conversations", {"written": 2}, 1.0)
        warned = CheckEvaluated("mongo/conversations", "few", False, "WARN", "", {})
        self.dagster.start(
            "refresh",
            written,
            warned,
            effect=self.publish if succeeds else lambda: None,
            succeeds=succeeds,
        )

    def record_landing(self, batch: str) -> None:
        """A batch whose file is not in the landing folder is withdrawn."""
        self._landings += 1
        file = self.landing / batch
        is_there = file.exists()
        self.lake.write_summary(
            BatchSummary(
                batch=batch,
                landing=self._landings,
                fingerprint=fingerprint(file if is_there else self.withdrawn / batch),
                withdrawn=not is_there,
                read=3 if is_there else 0,
                accepted=2 if is_there else 0,
                rejected=1 if is_there else 0,
                duplicates=0,
                rejected_by_reason={"timestamp invalid": 1} if is_there else {},
                event_days=self.days if is_there else [],
                touched_days=self.days,
            )
        )

    def publish(self) -> None:
        landings = {batch.batch: batch.landing for batch in self.lake.summaries()}
        self.served = Served(release(f"release-{len(landings)}-{self._landings}"), landings)


def release(release_id: str, *, is_kept: bool = True) -> Release:
    return Release(
        release_id=release_id,
        published_at=datetime(1999, 3, 2, 6, 30, tzinfo=UTC),
        dagster_run_id="1f0c2a9b",
        data_through=date(1999, 3, 1),
        row_counts={"mongo/conversations": 1234},
        quality={"accepted_share": 0.98},
        ranking={},
        embedding_model="a-model",
        predecessor=None,
        is_kept=is_kept,
    )
