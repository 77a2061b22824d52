"""The output against the truth: each item of each part that the manifest names, and its content."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ingest_bench.reference.manifest import Manifest, Part, manifest_of
from ingest_bench.reference.records import Check
from ingest_bench.results.digest import canonical
from ingest_bench.simulator.generated.history import row_of_key
from ingest_bench.simulator.generated.item_text import key_of_id
from ingest_bench.simulator.generated.store import GeneratedStore
from stac_ingest.core.atomic import sha256_of
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs.geoparquet import read_part

LOG = logging.getLogger(__name__)
_BATCH = 4096
_TOLD = 500_000
"""Items between two lines of progress."""
_EXAMPLES = 10


def check_output(output: Path, store: GeneratedStore) -> Check:
    """Compare an output with what there is at the epoch of a store.

    Args:
        output: the folder.
        store: the truth.

    Raises:
        MeasurementError: there is no manifest, or it can't be read.

    """
    manifest = manifest_of(output)
    return _Comparison(store).of(output, manifest)


class _Comparison:
    def __init__(self, store: GeneratedStore) -> None:
        rows = store.state.rows
        self._store = store
        self._places = np.full(int(rows.max()) + 1 if len(rows) else 0, -1, dtype=np.int32)
        """The index in the store of each row."""
        self._places[rows] = np.arange(len(rows), dtype=np.int32)
        self._times = np.zeros(len(rows), dtype=np.uint8)
        """How often each item was there, up to 255 times."""
        self._extra = self._different = self._misplaced = self._damaged = self._read = 0
        self._examples: list[str] = []

    def of(self, output: Path, manifest: Manifest) -> Check:
        for partition in manifest.partitions:
            for part in partition.parts:
                self._part(output / part.path, part, partition.folder)
        missing = np.flatnonzero(self._times == 0)
        repeated = np.flatnonzero(self._times > 1)
        for index in missing[:_EXAMPLES].tolist():
            self._note(f"{self._store.item(index)['id']}: missing")
        for index in repeated[:_EXAMPLES].tolist():
            self._note(f"{self._store.item(index)['id']}: {self._times[index]} times")
        return Check(
            items=manifest.items,
            expected=len(self._store),
            missing=len(missing),
            extra=self._extra,
            repeated=len(repeated),
            different=self._different,
            misplaced=self._misplaced,
            damaged_parts=self._damaged,
            examples=self._examples,
        )

    def _part(self, path: Path, part: Part, folder: str) -> None:
        try:
            as_named = path.stat().st_size == part.bytes and sha256_of(path) == part.sha256
            for items in _batches(read_part(path)):
                self._items(items, folder)
        except (OSError, DataProcessingError) as error:
            as_named = False
            self._note(str(error))
        if not as_named:
            self._damaged += 1
            self._note(f"{part.path}: not as the manifest has it")

    def _items(self, items: Sequence[dict[str, Any]], folder: str) -> None:
        places = [self._place(item) for item in items]
        known = [place for place in places if place >= 0]
        truth = self._store.lines(known)
        for item, place in zip(items, places, strict=True):
            if place < 0:
                self._extra += 1
                self._note(f"{item.get('id')}: not there at this epoch")
                continue
            self._times[place] += self._times[place] < np.iinfo(np.uint8).max
            expected = orjson.loads(next(truth))
            if canonical(item) != canonical(expected):
                self._different += 1
                self._note(f"{item['id']}: its content is another")
            taken = expected["properties"]["datetime"]
            if folder != f"year={taken[:4]}/month={taken[5:7]}":
                self._misplaced += 1
                self._note(f"{item['id']}: in {folder}, and taken at {taken}")
        before, self._read = self._read, self._read + len(items)
        if before // _TOLD < self._read // _TOLD:
            LOG.info("  %s items compared", f"{self._read:,}")

    def _place(self, item: dict[str, Any]) -> int:
        key = key_of_id(item["id"]) if isinstance(item.get("id"), str) else None
        row = -1 if key is None or item.get("collection") != self._store.collection_id else row_of_key(key)
        return int(self._places[row]) if 0 <= row < len(self._places) else -1

    def _note(self, example: str) -> None:
        if len(self._examples) < _EXAMPLES:
            self._examples.append(example)


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
