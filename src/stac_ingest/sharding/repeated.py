"""Naming what came twice in an ingest in shards: the copies that were left out, and those that were kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from stac_ingest.changes import ChangeCollector
from stac_ingest.core.atomic import replacing
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.manifest import Part
from stac_ingest.sharding.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS = ("id", "collection", "updated")


def copies(storage: Storage, part: Part) -> Iterator[Item]:
    """Yield of each item of a part what names it and its copy: `id`, `collection`, and `updated` of the properties."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - nothing comes twice in most ingests

    with storage.filesystem.open_input_file(f"{storage.root}/{part.path}") as file:
        table = pq.ParquetFile(file)
        columns = [name for name in _COLUMNS if name in table.schema_arrow.names]
        for rows in table.iter_batches(columns=columns):
            yield from map(_copy, _readable(rows).to_pylist())


def name_left_out(path: Path, left_out: Sequence[Item]) -> None:
    """Add to the notes of a shard the copies that an earlier shard's part has, too.

    What was changed in these copies is taken out: the output doesn't hold them.

    Args:
        path: of the shard's notes; a file that is there is replaced whole.
        left_out: as `copies` yields them.

    Raises:
        DataProcessingError: they can't be written.

    """
    gone = set(map(key_of, left_out))
    known = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    lines = [line for line in known if not _is_change_of(line, gone)]
    notes = ChangeCollector(lines.append)
    for item in left_out:
        notes.add_repeated(item)
    notes.flush()
    try:
        with replacing(path, sync="name") as stream:
            stream.writelines(lines)
    except OSError as error:
        raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error


class KeptCopies:
    """Names the copies that were kept, of items that came again.

    Attributes:
        newer: items of which a copy that was left out is newer than the one kept.

    """

    def __init__(self, storage: Storage, parts: Iterable[Part]) -> None:
        self._storage = storage
        self._parts = parts
        self.newer = 0

    def lines(self, changes: ChangeCollector) -> Iterator[bytes]:
        """Yield the notes on the items that are among `changes.repeated`."""
        if not changes.repeated:
            return
        lines: list[bytes] = []
        notes = ChangeCollector(lines.append)
        notes.repeated = changes.repeated
        for part in self._parts:
            for item in copies(self._storage, part):
                if key_of(item) in notes.repeated:
                    self.newer += notes.name_kept(item)
        notes.flush()
        yield from b"".join(lines).splitlines(keepends=True)


def _is_change_of(line: bytes, keys: set[Key]) -> bool:
    note = orjson.loads(line)
    return bool(note["member"]) and (note["collection"], note["item_id"]) in keys


def _readable(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Give instants as what Python can hold."""
    import pyarrow as pa  # noqa: PLC0415 - same

    if "updated" not in rows.schema.names or not pa.types.is_timestamp(rows["updated"].type):
        return rows
    at = rows.schema.names.index("updated")
    instants = rows["updated"].cast(pa.timestamp("us", rows["updated"].type.tz), safe=False)
    return rows.set_column(at, "updated", instants)


def _copy(row: dict[str, Any]) -> Item:
    updated = row.pop("updated", None)
    if isinstance(updated, datetime):
        updated = updated.isoformat().replace("+00:00", "Z")
    return {**row, "properties": {"updated": updated}}
