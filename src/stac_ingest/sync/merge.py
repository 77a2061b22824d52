"""The merge of a partition: rows are dropped, new parts come, small ones are folded. Nothing that readers see changes.

Parts are never written to. One that loses rows is written anew beside the old one, which stays for the readers that go
by the manifest of the last run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from stac_ingest.core.atomic import write_lines, write_text
from stac_ingest.core.distinct import are_in
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.encode import GONE, Encoded, EncodedFiles, Unwritten, encode_adds, journal_line
from stac_ingest.sync.entries import HELD, SEEN, Entries
from stac_ingest.sync.fold import Folding
from stac_ingest.sync.index import index_name, index_of, partition_of
from stac_ingest.sync.manifest import Partition, SyncManifest
from stac_ingest.sync.merge_input import Drop, MergeInput
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.parts import PLACE, by_part, keys_at
from stac_ingest.sync.row_sorter import RowSorter
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sorted_entries import KEY, EntriesFile, save, save_sorted
from stac_ingest.sync.work import Work

_PLACES = np.dtype([("part", "<u4"), ("row", "<u4")])
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
    before = partition_of(manifest, number)
    encoded = encode_adds(settings, before, work, number)
    try:
        merge = _Merge(settings, before, work, number, _failed(settings, manifest, work))
        write_lines(work.journal(number), merge.journal())
        partition = merge.run(encoded, generation)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataProcessingError(f"can't merge {Partitions(settings.partition).folder(number)}: {error}") from error
    write_text(done, _RESULT.dump_json(partition, indent=1).decode() + "\n")
    return partition


def unwritten(settings: SyncSettings, generation: int) -> list[Unwritten]:
    """Return the items of a run that couldn't be written, once its partitions are merged."""
    work = Work(settings, generation)
    found = (EncodedFiles(work, number).read() for number in work.partitions())
    return [one for encoded in found if encoded is not None for one in encoded.unwritten]


def _failed(settings: SyncSettings, manifest: SyncManifest | None, work: Work) -> Entries:
    """Return the keys of all that can't be written, in whichever partition, as `SEEN`: its old row stays.

    They are gathered once, when all partitions are encoded, and are the same however often that is done. Another
    partition may be under way in another process, at whose end its keys are there already.
    """
    if not work.failed.exists():
        failed = [np.zeros(0, SEEN)]
        for number in work.partitions():
            files = EncodedFiles(work, number)
            if not files.failed.exists():
                encode_adds(settings, partition_of(manifest, number), work, number)
            failed.append(np.load(files.failed))
        save(work.failed, np.sort(np.concatenate(failed)))
    keys: Entries = np.load(work.failed)
    return keys


class _Rows(NamedTuple):
    """Some of what is held, and what becomes of each."""

    entries: Entries
    stays: NDArray[np.bool_]
    named: NDArray[np.bool_]
    """Whether the journal has to name it as gone."""


class _Merge:
    """The merge of one partition. What it holds is gone through twice, some entries at a time."""

    def __init__(
        self, settings: SyncSettings, before: Partition | None, work: Work, number: int, failed: Entries
    ) -> None:
        self._settings, self._work, self._number, self._failed = settings, work, number, failed
        self._folder = Partitions(settings.partition).folder(number)
        self._files = EncodedFiles(work, number)
        self._index = None if before is None else index_of(settings, before)
        self._parts = () if before is None else tuple(before.parts)
        self._stay = np.zeros(len(self._parts), np.int64)
        """How many rows of each part stay."""
        self._gone = RowSorter(work.folder / f"gone-{number}", _PLACES, PLACE)
        for some in self._held():
            stay = np.bincount(some.entries["part"][some.stays], minlength=len(self._parts))
            if len(stay) > len(self._parts):
                raise ValueError(f"{self._index} names parts that aren't there")
            self._stay += stay
            gone = np.empty(int(some.named.sum()), _PLACES)
            for name in PLACE:
                gone[name] = some.entries[name][some.named]
            self._gone.add(gone)

    def run(self, encoded: Encoded, generation: int) -> Partition | None:
        """Write the parts and the index; return the partition, or None if no item is left in it."""
        folding = Folding(self._settings, self._folder, self._work.folder / f"folded-{self._number}")
        for part, stay in zip(self._parts, self._stay.tolist(), strict=True):
            folding.add(self._settings.output / part.path, part.items, stay, part)
        for place, items in enumerate(encoded.files):
            folding.add(self._files.part(place), items, items)
        entries = RowSorter(self._work.folder / f"index-{self._number}", HELD, KEY)
        parts = folding.run(self._staying(), entries)
        if not parts:
            return None
        index = index_name(self._number, generation)
        path = self._settings.state / index
        path.parent.mkdir(parents=True, exist_ok=True)
        items = len(entries)
        save_sorted(path, HELD, entries)
        return Partition(number=self._number, folder=self._folder, items=items, parts=parts, index=index)

    def journal(self) -> Iterator[bytes]:
        """Yield the lines of the journal, without their ends."""
        with self._files.journal.open("rb") as stream:
            for line in stream:
                yield line.rstrip(b"\n")
        for place, gone in by_part(self._gone.blocks()):
            rows = (row for some in gone for row in some["row"].tolist())
            for key in keys_at(self._settings.output / self._parts[place].path, rows):
                yield journal_line(GONE, key, self._folder)
        self._gone.remove()

    def _staying(self) -> Iterator[Entries]:
        """Yield what stays of what is held, and what is added; the parts of this come behind those of that."""
        for some in self._held():
            yield some.entries[some.stays]
        for _, entries in EntriesFile(self._files.entries).blocks():
            entries["part"] += len(self._parts)
            yield entries

    def _held(self) -> Iterator[_Rows]:
        """Yield what is held, in the order of the keys, with what becomes of it."""
        if self._index is None:
            return
        drops = MergeInput.of(self._work, self._number).drops
        for start, entries in EntriesFile(self._index).blocks():
            dropped = drops.until(start + len(entries), by="row")
            yield self._dropped(entries, dropped, dropped["row"] - start)

    def _dropped(self, entries: Entries, dropped: Entries, rows: NDArray[np.int64]) -> _Rows:
        """Say which entries stay, and note of them what is known now."""
        stays, named = np.ones(len(entries), bool), np.zeros(len(entries), bool)
        what = dropped["what"]
        refused = self._is_refused(entries[rows])
        elsewhere, removed = what == Drop.ELSEWHERE, what == Drop.REMOVED
        kept = (what == Drop.KEPT) | ((what == Drop.MARKED) & refused)
        entries["origin"][rows[elsewhere]] = dropped["origin"][elsewhere]
        entries["is_gone"][rows[kept]] = True
        named[rows[kept | removed]] = True
        stays[rows[removed | ~(removed | elsewhere | kept | refused)]] = False
        return _Rows(entries, stays, named)

    def _is_refused(self, entries: Entries) -> NDArray[np.bool_]:
        """Say which entries are of items whose new form can't be written."""
        if not len(self._failed):
            return np.zeros(len(entries), bool)
        keys = np.empty(len(entries), SEEN)
        for name in KEY:
            keys[name] = entries[name]
        return are_in(keys, self._failed)
