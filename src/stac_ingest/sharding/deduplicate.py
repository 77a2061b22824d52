"""Items that several shards received stay in the first one, and strays that no other shard received are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.atomic import sha256_of, write_text
from stac_ingest.core.id_set import IdSet, Key, key_of
from stac_ingest.geoparquet.json_text import parse_json_text
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sharding.manifest import (
    STRAYS,
    Deduplicated,
    Part,
    ShardReport,
    notes_path,
    report_path,
    strays_path,
)
from stac_ingest.sharding.repeated import copies, name_left_out
from stac_ingest.sharding.storage import ITEMS, Storage

if TYPE_CHECKING:
    from stac_ingest.core.model import Item
    from stac_ingest.sharding.plan import Plan

_BATCH = 1000
_WORK = ".closing.parquet"


def deduplicate(plan: Plan, storage: Storage, shards: list[ShardReport], changes: ChangeCollector) -> Deduplicated:
    """Remove items that came again from later shards' parts, and keep strays that no shard has.

    A part is replaced whole, and its report after it; killed in between, the shard no longer fits its report and is run
    again. What is removed is named in the notes of its shard.

    Args:
        plan: of the ingest.
        storage: of the output.
        shards: their reports.
        changes: told of what the strays' part can't hold.

    Raises:
        DataProcessingError: a part can't be written.

    """
    duplicates = _duplicates(storage, shards)
    if duplicates:
        remover = _DuplicateRemover(plan, storage, duplicates)
        shards = [remover.without_duplicates(shard) for shard in shards]
    return Deduplicated(shards, _keep_strays(plan, storage, shards, changes))


def _duplicates(storage: Storage, shards: list[ShardReport]) -> set[Key]:
    """Find the items that are in several parts; few others may be among them, since hashes are compared."""
    seen = IdSet()
    return {key for keys in _all_keys(storage, shards) for key in keys if not seen.add(*key)}


def keys_of(storage: Storage, parts: Iterable[Part]) -> Iterator[Key]:
    """Read which items some parts hold."""
    return (key for keys in _keys_in(storage, parts) for key in keys)


def _all_keys(storage: Storage, shards: list[ShardReport]) -> Iterator[list[Key]]:
    return _keys_in(storage, (shard.part for shard in shards if shard.part is not None))


def _keys_in(storage: Storage, parts: Iterable[Part]) -> Iterator[list[Key]]:
    """Read which items the parts hold, a bounded number of rows at a time."""
    for part in parts:
        with storage.filesystem.open_input_file(f"{storage.root}/{part.path}") as file:
            table = pq.ParquetFile(file)
            columns = [name for name in ("id", "collection") if name in table.schema_arrow.names]
            for batch in table.iter_batches(columns=columns):
                yield _keys(batch)


def _keys(rows: pa.RecordBatch | pa.Table) -> list[Key]:
    ids = rows["id"].to_pylist()
    collections = rows["collection"].to_pylist() if "collection" in rows.schema.names else [None] * len(ids)
    return [(collection or "", item_id) for collection, item_id in zip(collections, ids, strict=True)]


class _DuplicateRemover:
    """Goes through the parts in their order, and removes the items that an earlier one has."""

    def __init__(self, plan: Plan, storage: Storage, duplicates: set[Key]) -> None:
        self._plan = plan
        self._storage = storage
        self._duplicates = duplicates
        self._met: set[Key] = set()

    def without_duplicates(self, shard: ShardReport) -> ShardReport:
        """Return the shard's report, after its part was written anew where it has items that were met before."""
        if shard.part is None:
            return shard
        left_out = [item for item in copies(self._storage, shard.part) if self._met_before(key_of(item))]
        if not left_out:
            return shard
        again = set(map(key_of, left_out))
        name_left_out(notes_path(self._plan.settings, self._plan.shards[shard.shard]), left_out)
        report = shard.model_copy(
            update={
                "part": self._write(shard.part, again),
                "hashes": None,
                "removed": shard.removed + len(again),
                "removed_by": self._plan.digest,
            }
        )
        path = report_path(self._plan.settings, self._plan.shards[shard.shard])
        write_text(path, report.model_dump_json(indent=1) + "\n")
        return report

    def _met_before(self, key: Key) -> bool:
        if key not in self._duplicates:
            return False
        before = key in self._met
        self._met.add(key)
        return before

    def _write(self, part: Part, again: set[Key]) -> Part | None:
        if part.items == len(again):
            self._storage.remove(part.path)
            return None
        work = self._plan.settings.state_folder / _WORK
        with self._storage.filesystem.open_input_file(f"{self._storage.root}/{part.path}") as file:
            table = pq.ParquetFile(file)
            with pq.ParquetWriter(work, table.schema_arrow, compression="zstd") as written:
                for number in range(table.num_row_groups):
                    rows = table.read_row_group(number)
                    written.write_table(rows.filter(pa.array([key not in again for key in _keys(rows)])))
        return _published(self._storage, work, part.path, part.items - len(again))


def _keep_strays(plan: Plan, storage: Storage, shards: list[ShardReport], changes: ChangeCollector) -> list[Part]:
    """Write the strays that are in no part into a part of their own."""
    strays: dict[Key, Item] = {}
    for shard in shards:
        if shard.strays:
            with strays_path(plan.settings, plan.shards[shard.shard]).open("rb") as lines:
                strays |= {key_of(item): item for item in map(_parsed, lines)}
    if strays:
        for keys in _all_keys(storage, shards):
            for key in keys:
                strays.pop(key, None)
    if not strays:
        return []
    work = plan.settings.state_folder / _WORK
    items = list(strays.values())
    with GeoParquetWriter(work, changes=changes) as written:
        for start in range(0, len(items), _BATCH):
            written.write(items[start : start + _BATCH])
    return [_published(storage, work, f"{ITEMS}/{STRAYS}", len(items))]


def _parsed(line: bytes) -> Item:
    item: Item = parse_json_text(line.decode())
    return item


def _published(storage: Storage, work: Path, name: str, items: int) -> Part:
    part = Part(path=name, items=items, bytes=work.stat().st_size, sha256=sha256_of(work))
    storage.move_in(work, name)
    return part
