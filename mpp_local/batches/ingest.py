"""Landing files, and watching until a release holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mpp_local.batches.landing import is_landed, known_batches, names_in, take_again
from mpp_local.batches.publication import Publication
from mpp_local.copying import copy_at_once
from mpp_local.runs.events import CheckEvaluated
from mpp_local.runs.state import RunState
from mpp_stores.lake import BatchSummary, fingerprint
from mpp_stores.records import Release

NAMES_SHOWN = 3


@dataclass(slots=True)
class IngestSummary:
    """`written` are rows by store asset. `failed_checks` are those that did not stop their run.
    `release` is None when no event day was touched."""

    unchanged: list[str] = field(default_factory=list)
    batches: list[BatchSummary] = field(default_factory=list)
    written: dict[str, int] = field(default_factory=dict)
    failed_checks: list[CheckEvaluated] = field(default_factory=list)
    release: Release | None = None


class Ingest:
    """One `mpp ingest`. It launches nothing: the sensors take what lies in the landing folder.

    They take a file once. One that is landed, and neither published nor on its way, was in a
    run that failed; it is offered to them again.
    """

    def __init__(self, publication: Publication, landing: Path) -> None:
        self._publication = publication
        self._landing = landing

    def run(self, files: Sequence[Path], *, force: bool) -> IngestSummary:
        """Raises what `Publication.follow` does, or `FileNotFoundError` when a landed file is
        withdrawn meanwhile."""
        summary = IngestSummary()
        taken = []
        for file in files:
            batch = file.name
            if not is_landed(file, self._landing):
                copy_at_once(file, self._landing / batch)
            elif not force and self._is_landed(batch) and self._publication.holds(batch):
                summary.unchanged.append(batch)
                continue
            elif force or not self._publication.is_under_way:
                take_again(self._landing / batch)
            taken.append(batch)
        if taken:
            runs = self._publication.follow(taken, self._is_landed, _awaited(taken))
            self._add(runs, taken, summary)
        return summary

    def _is_landed(self, batch: str) -> bool:
        """Whether the batch is what its file in the landing folder holds."""
        summary = self._publication.lake.summary(batch)
        if summary is None or summary.withdrawn:
            return False
        return summary.fingerprint == fingerprint(self._landing / batch)

    def _add(
        self, runs: Sequence[RunState], batches: Sequence[str], summary: IngestSummary
    ) -> None:
        summaries = map(self._publication.lake.summary, batches)
        summary.batches = [landed for landed in summaries if landed]
        if any(landed.touched_days for landed in summary.batches):
            summary.release = self._publication.served().release
        for run in runs:
            summary.failed_checks += run.failed_checks
            for asset in run.assets.values():
                if "written" in asset.metadata:
                    written = summary.written.get(asset.name, 0) + asset.metadata["written"]
                    summary.written[asset.name] = written


def would_be_first(
    files: Sequence[Path], publication: Publication, landing: Path, withdrawn: Path
) -> bool:
    """Whether no other batch is known, no release holds one, and none was withdrawn. Files
    whose first ingest did not end are still the first."""
    others = known_batches(publication.lake, landing) - {file.name for file in files}
    return not (others or names_in(withdrawn) or publication.served().landings)


def _awaited(batches: Sequence[str]) -> str:
    more = ", …" if len(batches) > NAMES_SHOWN else ""
    return f"a release with {', '.join(batches[:NAMES_SHOWN])}{more}"
