"""The output of a sync: a repair is a run of its own, which merges what differs and publishes a manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_ingest.audit.compare import Audit, State
from stac_ingest.audit.repair.base import DAMAGED, writing
from stac_ingest.audit.repair.decisions import Repaired
from stac_ingest.core.id_set import key_of
from stac_ingest.core.model import Item
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.failures import FailureCollector, of_collection
from stac_ingest.outputs.base import encode_json
from stac_ingest.outputs.geoparquet import keys_of_part, read_part
from stac_ingest.sync.entries import About, about
from stac_ingest.sync.index import index_of, rebuilt
from stac_ingest.sync.journal import write_journal
from stac_ingest.sync.lock import locked
from stac_ingest.sync.manifest import Counts, Partition, SyncManifest
from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.merge import run_merge, unwritten
from stac_ingest.sync.merge_input import ADDS, DROPS, Add, Drop, save_input
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.parts import readable_items
from stac_ingest.sync.places import HeldPlaces
from stac_ingest.sync.publish import publish
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work

_TASK = 0
"""The number of the only spool."""


class SyncedRepairer:
    """Who reads by the manifest finds the output as it was before, and then as it is after the repair."""

    def __init__(self, folder: Path) -> None:
        """Repair an output.

        Raises:
            DataProcessingError: its manifest can't be read.

        """
        self._folder = folder
        self._manifest = self._read()

    def go_on(self) -> None:
        """Do nothing: what a killed repair has made is named nowhere."""

    def clear(self) -> None:
        """Do nothing: the next run that is published removes what a killed one has left."""

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Merge what differs, and publish it; see `Repairer`.

        Raises:
            ConfigurationError: a sync is at work, or has been since the output was compared.

        """
        settings = SyncSettings(source={}, output=self._folder, partition=self._manifest.partition)
        with locked(settings):
            if self._read() != self._manifest:
                raise ConfigurationError(f"{self._folder} was synced while it was compared; audit it again")
            with writing(self._folder):
                return _Repair(settings, self._manifest, audit).run(remove_extra=remove_extra and audit.source.is_whole)

    def _read(self) -> SyncManifest:
        manifest = read_manifest(self._folder)
        if manifest is None:
            raise DataProcessingError(f"{self._folder}: no sync has ended here yet; run it to its end")
        return manifest


class _Repair:
    """One repair."""

    def __init__(self, settings: SyncSettings, manifest: SyncManifest, audit: Audit) -> None:
        self._settings, self._manifest, self._audit = settings, manifest, audit
        self._generation = manifest.generation + 1
        self._work = Work(settings, self._generation)
        self._partitions = Partitions(settings.partition)
        self._done = Repaired()
        self._adds: dict[int, list[Any]] = {}
        self._replaced: set[tuple[int, int]] = set()
        """Partitions and rows whose items are added as the source has them."""
        self._drops: dict[int, dict[int, Drop]] = {}
        """By the partition and the row of its index."""
        self._indexes = {partition.number: index_of(settings, partition) for partition in manifest.partitions}
        self._held = {number: np.load(index, mmap_mode="r") for number, index in self._indexes.items()}
        self._is_unsure = rebuilt(settings) is not None
        """Whether the next sync has to find out anew what the source has, whatever seems unchanged."""

    def run(self, *, remove_extra: bool) -> Repaired:
        self._work.begin()
        damaged = [] if self._audit.output.is_whole else list(self._give_up_damaged())
        with (
            closing(HeldPlaces(self._work.places, self._indexes)) as held,
            self._work.spool(_TASK).open("wb") as spool,
        ):
            for item in self._audit.lacking.items():
                self._add(item, held, spool)
            for item in self._audit.differing.items():
                self._add(item, held, spool)
            for number, rows, path in damaged:
                self._save_readable(number, set(rows.tolist()), path, held, spool)
        if remove_extra:
            self._remove_extra()
        numbers = sorted(self._adds.keys() | self._drops.keys())
        for number in numbers:
            self._save_input(number)
        merged = {number: run_merge(self._settings, self._manifest, self._generation, number) for number in numbers}
        failures = FailureCollector()
        for one in unwritten(self._settings, self._generation):
            failures.add(one.id, one.error, "output", of_collection(one.collection))
        self._done.failures += failures.get_all()
        self._publish(merged)
        return self._done

    def _publish(self, merged: dict[int, Partition | None]) -> None:
        before = self._manifest
        kept = [partition for partition in before.partitions if partition.number not in merged]
        held = sorted([*kept, *filter(None, merged.values())], key=lambda partition: partition.number)
        journal, counts = write_journal(
            self._settings.output, self._generation, [self._work.journal(number) for number in merged]
        )
        changed = counts["changed"] + counts["moved"]
        self._done.added, self._done.replaced, self._done.removed = counts["added"], changed, counts["gone"]
        new = before.model_copy(
            update={
                **self._unsettled(),
                "generation": self._generation,
                "partitions": held,
                "items": sum(partition.items for partition in held),
                "bytes": sum(part.bytes for partition in held for part in partition.parts),
                "journal": journal,
                "counts": Counts(
                    added=counts["added"],
                    changed=changed,
                    moved=counts["moved"],
                    gone=counts["gone"],
                    failures=len(self._done.failures),
                ),
            }
        )
        publish(self._settings, before, new)

    def _unsettled(self) -> dict[str, Any]:
        """Return what has the next sync read all of the source: what seems unchanged there may be lost here."""
        lost = self._done.lost
        if not lost and not self._done.failures and not self._is_unsure:
            return {}
        unsettled: dict[str, Any] = {"unsettled": True, "memories": None}
        if lost:
            why = f"{counted(lost, 'item')} of damaged parts could not be read, and did not come from the source"
            unsettled |= {"verdict": "truncated", "reason": f"{why}; the next run reads all of it"}
        return unsettled

    def _add(self, item: Item, held: HeldPlaces, spool: Any) -> None:
        text = encode_json(item)
        known = about(item, self._partitions)
        old = held.find(known.high, known.low)
        origin, what, source = 0, Add.ADDED, known.partition
        if old is not None:
            source, row = old
            origin = int(self._held[source]["origin"][row])
            is_damaged = row in self._drops.get(source, {})
            moves = source != known.partition
            what = Add.ADDED if is_damaged else Add.MOVED if moves else Add.CHANGED
            self._drops.setdefault(source, {})[row] = Drop.MOVED if moves else Drop.REPLACED
            self._replaced.add((source, row))
        self._write(text, known, origin, (what, source), spool)

    def _write(self, text: bytes, known: About, origin: int, what: tuple[Add, int], spool: Any) -> None:
        entry = (*known, origin, _TASK, spool.tell(), len(text), *what)
        self._adds.setdefault(known.partition, []).append(entry)
        spool.write(text + b"\n")

    def _save_readable(self, number: int, rows: set[int], path: Path, held: HeldPlaces, spool: Any) -> None:
        """Add what can be read of a damaged part, as it was, where the source doesn't have it otherwise.

        The audit may have read it, too; then it is not among what the output lacks.
        """
        lost = {row for row in rows if (number, row) not in self._replaced}
        for item in readable_items(path):
            known = about(item, self._partitions)
            place = held.find(known.high, known.low)
            if place is None or place.partition != number or place.row not in lost:
                continue
            entry = self._held[number][place.row]
            if int(entry["content"]) != known.content or known.partition != number:
                continue  # what is damaged may be read, and be another
            lost.discard(place.row)
            self._is_unsure |= bool(entry["is_gone"])
            self._write(encode_json(item), known, int(entry["origin"]), (Add.SAVED, number), spool)
        self._done.lost += len(lost)

    def _remove_extra(self) -> None:
        audit = self._audit
        for number, rows, path in self._parts():
            dropped = self._drops.setdefault(number, {})
            left = [row for row in rows.tolist() if row not in dropped]
            keys = keys_of_part(path) if left else []  # of one that is damaged nothing is left
            for row in left:
                place = audit.place_of(keys[int(self._held[number]["row"][row])])
                if place is not None and audit.states[place] == State.UNSEEN:
                    dropped[row] = Drop.REMOVED
        self._drops = {number: dropped for number, dropped in self._drops.items() if dropped}

    def _give_up_damaged(self) -> Iterator[tuple[int, NDArray[np.int64], Path]]:
        """Drop all rows of parts that can't be read whole, and yield these parts, as `_parts` does."""
        for number, rows, path in self._parts():
            if _is_sound(path):
                continue
            if path.exists():
                copy = path.with_name(f".{path.name}{DAMAGED}")
                copy.unlink(missing_ok=True)
                os.link(path, copy)
                self._done.damaged.append(copy.name)
            self._drops.setdefault(number, {}).update(dict.fromkeys(rows.tolist(), Drop.REPLACED))
            yield number, rows, path

    def _parts(self) -> Iterator[tuple[int, NDArray[np.int64], Path]]:
        """Yield the number of each part's partition, the places of its items in the index, and its path."""
        for partition in self._manifest.partitions:
            places = self._held[partition.number]["part"]
            for place, part in enumerate(partition.parts):
                yield partition.number, np.flatnonzero(places == place), self._settings.output / part.path

    def _save_input(self, number: int) -> None:
        adds = np.array(self._adds.get(number, []), ADDS)
        order = np.lexsort((adds["low"], adds["high"]))
        drops = [(row, what, 0) for row, what in sorted(self._drops.get(number, {}).items())]
        save_input(self._work, number, adds[order], np.array(drops, DROPS))


def _is_sound(path: Path) -> bool:
    try:
        return all(key_of(item) for item in read_part(path))
    except DataProcessingError:
        return False
