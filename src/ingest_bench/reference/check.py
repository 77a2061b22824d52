"""The output against the truth: each item of each part that the manifest names, and its content."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ingest_bench.errors import MeasurementError
from ingest_bench.reference.manifest import Manifest, Part, manifest_of
from ingest_bench.reference.records import Check
from ingest_bench.results.digest import canonical
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.history import row_of_key
from ingest_bench.simulator.generated.item_text import key_of_id
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.system.process_lifetime import die_with_parent
from stac_ingest.core.atomic import sha256_of
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs.geoparquet import read_part

LOG = logging.getLogger(__name__)
_BATCH = 4096
_TOLD = 500_000
"""Items between two lines of progress."""
_EXAMPLES = 10


def check_output(output: Path, store: GeneratedStore, processes: int = 1) -> Check:
    """Compare an output with what there is at the epoch of a store.

    Args:
        output: the folder.
        store: the truth.
        processes: that read parts at once, each with a store of its own.

    Raises:
        MeasurementError: there is no manifest, or it can't be read; or a process was killed.

    """
    manifest = manifest_of(output)
    parts = [
        (output / part.path, part, partition.folder) for partition in manifest.partitions for part in partition.parts
    ]
    if processes == 1:
        compared = _Comparison(store)
        found: Iterable[_Found] = (compared.part(*part) for part in parts)
        return _summed(found, manifest, store)
    made_by = (store.history.description, store.state.number, os.getpid())
    spawn = multiprocessing.get_context("spawn")  # readers of Parquet have threads, which a fork doesn't take along
    try:
        with ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=made_by) as pool:
            return _summed(pool.map(_compare, parts), manifest, store)
    except BrokenProcessPool:
        raise MeasurementError(
            f"a process that compared {output} with the truth was killed; free some memory if there was too little, "
            "and run it again to resume"
        ) from None


@dataclass(slots=True)
class _Found:
    """What a part holds."""

    places: NDArray[np.int32]
    """The index in the store of each item that belongs there, as often as it is there."""
    read: int = 0
    extra: int = 0
    different: int = 0
    misplaced: int = 0
    damaged: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, example: str) -> None:
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


def _summed(found: Iterable[_Found], manifest: Manifest, store: GeneratedStore) -> Check:
    times = np.zeros(len(store), dtype=np.int32)
    total = _Found(np.arange(0, dtype=np.int32))
    for part in found:
        np.add.at(times, part.places, 1)
        before, total.read = total.read, total.read + part.read
        if before // _TOLD < total.read // _TOLD:
            LOG.info("  %s items compared", f"{total.read:,}")
        total.extra += part.extra
        total.different += part.different
        total.misplaced += part.misplaced
        total.damaged += part.damaged
        for example in part.examples:
            total.note(example)
    missing, repeated = np.flatnonzero(times == 0), np.flatnonzero(times > 1)
    for index in missing[:_EXAMPLES].tolist():
        total.note(f"{store.item(index)['id']}: missing")
    for index in repeated[:_EXAMPLES].tolist():
        total.note(f"{store.item(index)['id']}: {times[index]} times")
    return Check(
        items=manifest.items,
        expected=len(store),
        missing=len(missing),
        extra=total.extra,
        repeated=len(repeated),
        different=total.different,
        misplaced=total.misplaced,
        damaged_parts=total.damaged,
        examples=total.examples,
    )


class _Comparison:
    """Compares parts with a store."""

    def __init__(self, store: GeneratedStore) -> None:
        rows = store.state.rows
        self._store = store
        self._places = np.full(int(rows.max()) + 1 if len(rows) else 0, -1, dtype=np.int32)
        """The index in the store of each row."""
        self._places[rows] = np.arange(len(rows), dtype=np.int32)

    def part(self, path: Path, part: Part, folder: str) -> _Found:
        """Compare a part of a partition's folder."""
        found, places = _Found(np.arange(0, dtype=np.int32)), []
        try:
            as_named = path.stat().st_size == part.bytes and sha256_of(path) == part.sha256
            for items in _batches(read_part(path)):
                places += self._items(items, folder, found)
        except (OSError, DataProcessingError) as error:
            as_named = False
            found.note(str(error))
        if not as_named:
            found.damaged += 1
            found.note(f"{part.path}: not as the manifest has it")
        found.places = np.array(places, dtype=np.int32)
        return found

    def _items(self, items: Sequence[dict[str, Any]], folder: str, found: _Found) -> list[int]:
        places = [self._place(item) for item in items]
        known = [place for place in places if place >= 0]
        truth = self._store.lines(known)
        for item, place in zip(items, places, strict=True):
            if place < 0:
                found.extra += 1
                found.note(f"{item.get('id')}: not there at this epoch")
                continue
            expected = orjson.loads(next(truth))
            if canonical(item) != canonical(expected):
                found.different += 1
                found.note(f"{item['id']}: its content is another")
            taken = expected["properties"]["datetime"]
            if folder != f"year={taken[:4]}/month={taken[5:7]}":
                found.misplaced += 1
                found.note(f"{item['id']}: in {folder}, and taken at {taken}")
        found.read += len(items)
        return known

    def _place(self, item: dict[str, Any]) -> int:
        key = key_of_id(item["id"]) if isinstance(item.get("id"), str) else None
        row = -1 if key is None or item.get("collection") != self._store.collection_id else row_of_key(key)
        return int(self._places[row]) if 0 <= row < len(self._places) else -1


_COMPARISON: list[_Comparison] = []
"""Of a process that compares, alone in its list."""


def _begin(description: Description, epoch: int, parent: int) -> None:
    """Make the truth in a process, once for all of its parts."""
    die_with_parent(parent)
    _COMPARISON[:] = [_Comparison(GeneratedStore(description, epoch))]


def _compare(part: tuple[Path, Part, str]) -> _Found:
    return _COMPARISON[0].part(*part)


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
