"""Publishes generations of an output by what each is to change, and reads them as readers do."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from stac_ingest.core.canonical import CanonicalForm
from stac_ingest.core.key_hash import key_hash
from stac_ingest.outputs.base import encode_json
from stac_ingest.outputs.geoparquet import keys_of_part, read_part
from stac_ingest.sources.synced import parts_of_sync
from stac_ingest.sync.entries import HELD, Entries, about
from stac_ingest.sync.index import index_of
from stac_ingest.sync.manifest import Counts, Partition, SyncManifest
from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.merge import run_merge
from stac_ingest.sync.merge_input import ADDS, DROPS, Add, Drop, save_input
from stac_ingest.sync.partitions import Partitions
from stac_ingest.sync.publish import publish
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.work import Work

FORM = CanonicalForm(nulls=False)


def load(settings: SyncSettings, partition: Partition) -> Entries:
    """Read the index of a partition."""
    entries: Entries = np.load(index_of(settings, partition))
    return entries


def item(item_id: str, month: int = 1, **properties: Any) -> dict[str, Any]:
    """Make an item of a month of 2024."""
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": f"2024-{month:02d}-01T00:00:00Z", **properties},
        "links": [],
        "assets": {},
    }


class Generations:
    """An output, and what is done to it."""

    def __init__(self, output: Path, **more: Any) -> None:
        self.settings = SyncSettings(source={}, output=output, **{"part_items": 8, **more})
        self.partitions = Partitions(self.settings.partition)

    @property
    def manifest(self) -> SyncManifest | None:
        """What is published."""
        return read_manifest(self.settings.output)

    def held(self) -> dict[tuple[int, int], tuple[int, int, Any]]:
        """Return each entry by its key, with its partition and its place there."""
        manifest = self.manifest
        found = {}
        for partition in manifest.partitions if manifest else ():
            for row, entry in enumerate(load(self.settings, partition)):
                found[int(entry["high"]), int(entry["low"])] = (partition.number, row, np.array(entry))
        return found

    def run(self, adds: list[dict[str, Any]], drops: dict[str, Drop] | None = None) -> SyncManifest:
        """Add or replace items, and drop others by their ids; publish that."""
        merged = self.merge(adds, drops)
        return self.publish(merged)

    def prepare(self, adds: list[dict[str, Any]], drops: dict[str, Drop] | None = None) -> Work:
        """Say what is to be merged, unless that is done."""
        before = self.manifest
        work = Work(self.settings, before.generation + 1 if before else 1)
        if not (work.folder / "prepared").exists():
            work.begin()
            self._prepare(work, adds, drops or {})
            (work.folder / "prepared").touch()
        return work

    def merge(self, adds: list[dict[str, Any]], drops: dict[str, Drop] | None = None) -> dict[int, Partition | None]:
        """Do all but publish."""
        before = self.manifest
        work = self.prepare(adds, drops)
        generation = before.generation + 1 if before else 1
        return {number: run_merge(self.settings, before, generation, number) for number in work.partitions()}

    def publish(self, merged: dict[int, Partition | None]) -> SyncManifest:
        """Publish what was merged."""
        before = self.manifest
        partitions = {partition.number: partition for partition in (before.partitions if before else ())}
        for number, partition in merged.items():
            partitions.pop(number, None)
            if partition is not None:
                partitions[number] = partition
        held = [partitions[number] for number in sorted(partitions)]
        new = SyncManifest(
            generation=before.generation + 1 if before else 1,
            source="somewhere",
            asked={},
            partition=self.settings.partition,
            verdict="complete",
            reason="",
            items=sum(partition.items for partition in held),
            bytes=sum(part.bytes for partition in held for part in partition.parts),
            started_at=time.time(),
            counts=Counts(),
            partitions=held,
        )
        return publish(self.settings, before, new)

    def _prepare(self, work: Work, adds: list[dict[str, Any]], drops: dict[str, Drop]) -> None:
        held = self.held()
        made_adds: dict[int, list[Any]] = {}
        made_drops: dict[int, list[Any]] = {}
        offset = 0
        with work.spool(0).open("wb") as spool:
            for one in adds:
                text = encode_json(one)
                spool.write(text + b"\n")
                known = about(one, self.partitions)
                place = (0, 0, offset, len(text))
                offset += len(text) + 1
                old = held.get((known.high, known.low))
                what = Add.ADDED if old is None else Add.CHANGED if old[0] == known.partition else Add.MOVED
                before = known.partition if old is None else old[0]
                made_adds.setdefault(known.partition, []).append((*known, *place, what, before))
                if old is not None:
                    drop = Drop.MOVED if what == Add.MOVED else Drop.REPLACED
                    made_drops.setdefault(old[0], []).append((old[1], drop, 0))
        for item_id, drop in drops.items():
            number, row, _ = held[key_hash("c", item_id)]
            made_drops.setdefault(number, []).append((row, drop, 0))
        for number in made_adds.keys() | made_drops.keys():
            some = np.array(made_adds.get(number, []), ADDS)
            order = np.lexsort((some["low"], some["high"]))
            rows = np.sort(np.array(made_drops.get(number, []), DROPS), order="row")
            save_input(work, number, some[order], rows)


def read(output: Path) -> dict[str, dict[str, Any]]:
    """Read the items of an output by its manifest, in the form in which they are compared; none comes twice."""
    found: dict[str, dict[str, Any]] = {}
    for path in parts_of_sync(output) or ():
        for one in read_part(output / path):
            assert one["id"] not in found, one["id"]
            found[one["id"]] = FORM(one)
    return found


def ids(output: Path) -> Counter[str]:
    """Count the ids in an output by its manifest."""
    return Counter(item_id for path in parts_of_sync(output) or () for _, item_id in keys_of_part(output / path))


def check_index(generations: Generations) -> None:
    """Assert that the index says of each item in the parts where it is and what it is, and of nothing else."""
    manifest = generations.manifest
    assert manifest is not None
    for partition in manifest.partitions:
        held = load(generations.settings, partition)
        assert held.dtype == HELD
        by_place = {(int(entry["part"]), int(entry["row"])): entry for entry in held}
        assert len(by_place) == len(held) == partition.items
        for place, part in enumerate(partition.parts):
            items = list(read_part(generations.settings.output / part.path))
            assert len(items) == part.items
            for row, one in enumerate(items):
                entry = by_place.pop((place, row))
                known = about(one, generations.partitions)
                assert tuple(entry[name] for name in known._fields) == tuple(known)
                assert known.partition == partition.number
        assert not by_place
