"""The merge of a partition: rows are dropped, new parts come, small ones are folded. Nothing that readers see changes.

Parts are never written to. One that loses rows is written anew beside the old one, which stays for the readers that go
by the manifest of the last run.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import TypeAdapter, ValidationError

from stac_ingest.core.atomic import write_lines, write_text
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.encode import GONE, EncodedFiles, Unwritten, encode_adds, journal_line
from stac_ingest.sync.entries import HELD, by_key
from stac_ingest.sync.fold import Folding
from stac_ingest.sync.index import index_name, load, partition_of
from stac_ingest.sync.manifest import Partition, SyncManifest
from stac_ingest.sync.merge_input import Drop, MergeInput
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.parts import keys_in
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import save
from stac_ingest.sync.work import Work

_RESULT: TypeAdapter[Partition | None] = TypeAdapter(Partition | None)


def run_merge(settings: SyncSettings, manifest: SyncManifest | None, generation: int, number: int) -> Partition | None:
    """Write what a partition holds after a run, unless that is done already.

    Args:
        settings: of the sync.
        manifest: of the last run; None before the first.
        generation: of this run.
        number: of the partition.

    Returns:
        What the partition holds then; None where nothing is left in it.

    Raises:
        ConfigurationError: something would be written through a link.
        DataProcessingError: a part can't be read, or nothing can be written. Readers see nothing of it.

    """
    work = Work(settings, generation)
    done = work.folder / f"merged-{number}.json"
    try:
        return _RESULT.validate_json(done.read_bytes())
    except (OSError, ValidationError):
        pass
    failed = _failed(settings, manifest, work)
    try:
        merge = _Merge(settings, partition_of(manifest, number), work, number, failed)
        write_lines(work.journal(number), merge.journal())
        partition = merge.run(generation)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataProcessingError(f"can't merge {Partitions(settings.partition).folder(number)}: {error}") from error
    write_text(done, _RESULT.dump_json(partition, indent=1).decode() + "\n")
    return partition


def unwritten(settings: SyncSettings, generation: int) -> list[Unwritten]:
    """Return the items of a run that couldn't be written, once its partitions are merged."""
    work = Work(settings, generation)
    found = (EncodedFiles(work, number).read() for number in _numbers(work))
    return [one for encoded in found if encoded is not None for one in encoded.unwritten]


def _failed(settings: SyncSettings, manifest: SyncManifest | None, work: Work) -> set[tuple[int, int]]:
    """Return the keys of all that can't be written, in whichever partition: its old row stays."""
    failed: set[tuple[int, int]] = set()
    for number in _numbers(work):
        files = EncodedFiles(work, number)
        if files.read() is None:
            encode_adds(settings, partition_of(manifest, number), work, number)
        failed.update(map(tuple, np.load(files.failed).tolist()))
    return failed


def _numbers(work: Work) -> list[int]:
    """List the partitions in which a run adds or drops something."""
    return sorted(int(path.stem.removeprefix("merge-")) for path in work.folder.glob("merge-*.npz"))


class _Merge:
    """The merge of one partition."""

    def __init__(
        self, settings: SyncSettings, before: Partition | None, work: Work, number: int, failed: set[tuple[int, int]]
    ) -> None:
        self._settings, self._before, self._work, self._number = settings, before, work, number
        self._folder = Partitions(settings.partition).folder(number)
        self._files = EncodedFiles(work, number)
        self._old = np.zeros(0, HELD) if before is None else np.array(load(settings, before))
        self._stays = np.ones(len(self._old), bool)
        self._named = np.zeros(len(self._old), bool)
        """Those that the journal has to name as gone."""
        self._drop(MergeInput.load(work.merge_input(number)), failed)

    def run(self, generation: int) -> Partition | None:
        """Write the parts and the index. This is the last that can be asked."""
        encoded = encode_adds(self._settings, self._before, self._work, self._number)
        held, new = self._old[self._stays], np.load(self._files.entries)
        del self._old  # 69 bytes for each item of the partition are in memory as seldom as can be
        folding = Folding(self._settings, self._folder, self._work.folder / f"folded-{self._number}")
        for place, part in enumerate(self._before.parts if self._before else ()):
            folding.add(held, place, self._settings.output / part.path, part.items, part)
        for place, items in enumerate(encoded.files):
            folding.add(new, place, self._files.part(place), items)
        parts = folding.run()
        if not parts:
            return None
        index = index_name(self._number, generation)
        path = self._settings.state / index
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = np.concatenate([held, new])
        del held, new, folding
        save(path, by_key(entries))
        return Partition(number=self._number, folder=self._folder, items=len(entries), parts=parts, index=index)

    def journal(self) -> Iterator[bytes]:
        """Yield the lines of the journal, without their ends."""
        with self._files.journal.open("rb") as stream:
            for line in stream:
                yield line.rstrip(b"\n")
        gone = self._old[self._named]
        for place, part in enumerate(self._before.parts if self._before else ()):
            rows = np.sort(gone["row"][gone["part"] == place])
            if len(rows):
                keys = keys_in(self._settings.output / part.path)
                for row in rows:
                    yield journal_line(GONE, keys[row], self._folder)

    def _drop(self, made: MergeInput, failed: set[tuple[int, int]]) -> None:
        """Find out which rows stay, and what is noted of them."""
        for drop in made.drops:
            row, what = int(drop["row"]), Drop(drop["what"])
            entry = self._old[row]
            is_refused = bool(failed) and (int(entry["high"]), int(entry["low"])) in failed
            if what == Drop.ELSEWHERE:
                entry["origin"] = drop["origin"]
            elif what == Drop.KEPT or (what == Drop.MARKED and is_refused):
                entry["is_gone"] = self._named[row] = True
            elif what == Drop.REMOVED:
                self._stays[row], self._named[row] = False, True
            elif not is_refused:
                self._stays[row] = False
