"""Taking a batch out of everything that is served."""

from collections.abc import Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mpp_local.batches.landing import known_batches, names_in, take_again
from mpp_local.batches.publication import Publication
from mpp_stores.records import Release

MATCHES_SHOWN = 5


class UnknownBatch(Exception):
    """No file of this name landed. The message names those that look alike."""

    def __init__(self, batch: str, known: Set[str]) -> None:
        near = get_close_matches(batch, known, MATCHES_SHOWN, cutoff=0.5)
        near += sorted(name for name in known - set(near) if batch.lower() in name.lower())
        hint = f"did you mean {', '.join(near[:MATCHES_SHOWN])}?" if near else "none looks like it"
        super().__init__(f"there is no batch {batch!r}: {hint}")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """`release` is what is served without the batch; None before the first. `was_withdrawn`:
    nothing was left to do. Where `is_file_kept` is not so, the file had been deleted before."""

    release: Release | None
    was_withdrawn: bool
    is_file_kept: bool


class Withdrawal:
    """One `mpp withdraw`. Moving the file is all it does; the sensors see that it is gone."""

    def __init__(self, publication: Publication, landing: Path, withdrawn: Path) -> None:
        self._publication = publication
        self._landing = landing
        self._withdrawn = withdrawn

    def run(self, batch: str) -> Withdrawn:
        """Raises `UnknownBatch`, `OSError`, or what `Publication.follow` does."""
        is_done, file = False, self._withdrawn / batch
        is_landed = batch in names_in(self._landing)
        if is_landed:
            self._move(batch)
        elif batch not in self._known():
            raise UnknownBatch(batch, self._known())
        elif self._is_withdrawn(batch) and self._publication.holds(batch):
            is_done = True
        elif not self._publication.is_under_way:
            # Its run failed, or someone deleted its file, in whose place an empty one is put.
            self._withdrawn.mkdir(parents=True, exist_ok=True)
            file.touch()
        if not is_done:
            self._publication.follow([batch], self._is_withdrawn, f"a release without {batch}")
        return Withdrawn(
            self._publication.served().release,
            was_withdrawn=is_done,
            is_file_kept=is_landed or (file.exists() and file.stat().st_size > 0),
        )

    def _move(self, batch: str) -> None:
        """In one step: the sensors find the file in one of the two folders."""
        self._withdrawn.mkdir(parents=True, exist_ok=True)
        take_again(self._landing / batch)
        (self._landing / batch).replace(self._withdrawn / batch)

    def _is_withdrawn(self, batch: str) -> bool:
        summary = self._publication.lake.summary(batch)
        return summary is not None and summary.withdrawn

    def _known(self) -> set[str]:
        return known_batches(self._publication.lake, self._landing, self._withdrawn)
