"""Objects that are JSON documents: as many requests at once as the setting `concurrency` says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch, Payload, Position
from stac_ingest.core.text import too_large
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import ItemError
from stac_ingest.sources.directory.batches import BATCH_BYTES
from stac_ingest.sources.directory.resume import FilePositions
from stac_ingest.sources.directory.source import SLICE, JsonDirectorySource
from stac_ingest.sources.json_file import JsonFileSource, Members, items_of_file
from stac_ingest.sources.stored.entries import name_of, object_of
from stac_ingest.stores.objects import Store, StoredObject
from stac_ingest.summary import IngestSummary

_SHARE = 4
"""Slices for each of the requests under way, at least, so that all of them have something to do to the end."""


class StoredDocumentsSource(JsonDirectorySource):
    """The documents below a prefix, by name."""

    def __init__(
        self, store: Store, prefix: str, listed: Sequence[str], config: IngestConfig, summary: IngestSummary
    ) -> None:
        """Read objects.

        Args:
            store: that they are in.
            prefix: of their keys.
            listed: texts of `entries`, sorted.
            config: the settings.
            summary: takes the counts.

        """
        super().__init__(Path(), listed, config, summary)
        self._store = store
        self._prefix = prefix
        self._most = config.max_response_mib << 20

    def resume(self, positions: Sequence[Position]) -> None:
        """Leave out objects that an earlier run has read, unless one has come, gone or changed since."""
        self._positions = _ListedPositions(Path(), positions)
        self._remaining = self._positions.remaining(self._names)

    async def open(self) -> None:
        """Do nothing: objects are asked for when their turn comes."""

    async def units(self) -> AsyncIterator[range]:
        """List slices of the sorted objects."""
        files = range(len(self._remaining))
        step = max(1, min(SLICE, len(files) // (_SHARE * self._config.workers)))
        for start in files[::step]:
            yield files[start : start + step]

    async def read(self, unit: range) -> AsyncIterator[Batch]:
        """Read one slice, an object a request: a batch, or several where objects are large.

        Raises:
            DataProcessingError: the store can't be asked.

        """
        loop, start = asyncio.get_running_loop(), unit.start
        while start < unit.stop:
            batch = await loop.run_in_executor(self._threads, self._slice, start, unit.stop)
            self._summary.bytes_read += sum([len(payload.data) for payload in batch])
            yield batch
            start += len(batch)

    async def close(self) -> None:
        """Wait for the requests under way, and note what was passed over."""
        await super().close()
        await asyncio.to_thread(self._store.close)

    def _slice(self, start: int, stop: int) -> list[Payload]:
        batch: list[Payload] = []
        room = BATCH_BYTES
        for listed in self._remaining[start:stop]:
            name = name_of(listed)
            try:
                data = document(self._store, object_of(listed, self._prefix), self._most)
            except ItemError as error:
                batch.append(Payload(b"", name, error))
                continue
            batch.append(Payload(data, name))
            room -= len(data)
            if room <= 0:
                break
        return batch


class StoredDocumentSource(JsonFileSource):
    """The items inside one JSON document."""

    def __init__(
        self,
        store: Store,
        of: StoredObject,
        config: IngestConfig,
        summary: IngestSummary,
        members_of: Members = items_of_file,
    ) -> None:
        super().__init__(Path(of.key.rpartition("/")[2]), config, summary, members_of)
        self._store = store
        self._of = of

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self._store.close)

    def _read(self, path: Path) -> bytes:  # noqa: ARG002 - there is one
        return document(self._store, self._of, self._max_bytes)


def document(store: Store, of: StoredObject, most: int) -> bytes:
    """Return an object whole, unpacked where its name says that it is packed.

    Raises:
        ItemError: it is larger than `most` bytes, or is another by now.
        DataProcessingError: the store can't be asked.

    """
    if of.size > most:
        raise ItemError(too_large(of.size, most))
    data = store.read(of) if of.size else b""
    return unpacked(data, most) if is_packed(of.key) else data


class _ListedPositions(FilePositions):
    """Ranges of a listing, whose fingerprint changes with any of its objects."""

    def _has_changed(self, names: Iterable[str], since: object) -> bool:  # noqa: ARG002 - see above
        return False
