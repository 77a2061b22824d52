"""A directory with one item a file.

At `concurrency=1` the files are read in the event-loop thread, a slice of 64 at a time: handing one file to a thread
costs ten times what reading it from a warm page cache does. A slice takes about a millisecond, then other tasks get
their turn.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import orjson

from stac_ingest.config import IngestConfig
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.base import Batch, Item, Payload, Reject
from stac_ingest.sources.json_text import checked, parse
from stac_ingest.sources.reading import open_file, read_file, read_open
from stac_ingest.summary import IngestSummary

SLICE = 64
"""Files a unit: large enough that handing one over costs nothing, small enough that 20 of them are little memory."""

COLD_SECONDS = 60e-6
"""A file that takes longer than this to open and read came from a disk; one in memory takes 10 to 20 us."""


class JsonDirectorySource:
    """The `*.json` files of a directory, by name."""

    def __init__(self, folder: Path, config: IngestConfig, summary: IngestSummary) -> None:
        self._folder = folder
        self._largest = config.max_response_mb << 20
        self._offload = config.concurrency > 1
        self._read_ahead = config.read_ahead
        self._cold = config.read_ahead is True
        self._summary = summary
        self._names: list[str] = []
        self._descriptor = -1

    async def open(self) -> None:
        """List the folder.

        Raises:
            DataProcessingError: there are no JSON files.

        """
        self._names = sorted(path.name for path in self._folder.glob("*.json"))
        if not self._names:
            raise DataProcessingError(f"No JSON files found in {self._folder}")
        self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    async def units(self) -> AsyncIterator[Sequence[str]]:
        """List slices of file names."""
        for start in range(0, len(self._names), SLICE):
            yield self._names[start : start + SLICE]

    async def read(self, unit: Sequence[str]) -> AsyncIterator[Batch]:
        """Read one slice."""
        if self._offload:
            yield await asyncio.to_thread(self._load, unit)
        else:
            yield self._load(unit)
            await asyncio.sleep(0)

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a slice; what can't be used is rejected under its file's name."""
        loads = orjson.loads
        for data, origin, error in batch:
            try:
                if error is not None:
                    raise error
                item = loads(data)
                if type(item) is dict and type(item.get("id")) is str:
                    yield item
                else:
                    yield checked(item)
            except orjson.JSONDecodeError:
                yield from _second_try(data, origin, reject)
            except (ItemError, OSError) as found:
                reject(origin, found)

    async def close(self) -> None:
        """Close the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _load(self, names: Sequence[str]) -> list[Payload]:
        started = time.perf_counter()
        load = self._load_ahead if self._cold else self._load_each
        batch = load(names)
        self._summary.bytes_read += sum(len(payload.data) for payload in batch)
        if self._read_ahead == "auto":
            self._cold = time.perf_counter() - started > COLD_SECONDS * len(names)
        return batch

    def _load_each(self, names: Sequence[str]) -> list[Payload]:
        folder, largest = self._descriptor, self._largest
        batch = []
        for name in names:
            try:
                batch.append(Payload(read_file(name, largest, folder), name))
            except (OSError, ItemError) as error:
                batch.append(Payload(b"", name, error))
        return batch

    def _load_ahead(self, names: Sequence[str]) -> list[Payload]:
        """Open every file and have the kernel load them all before the first is read: the disk sees the whole slice."""
        opened = [self._advise(name) for name in names]
        batch = []
        for name, (descriptor, error) in zip(names, opened, strict=True):
            if error is not None:
                batch.append(Payload(b"", name, error))
                continue
            try:
                batch.append(Payload(read_open(descriptor, self._largest), name))
            except (OSError, ItemError) as found:
                batch.append(Payload(b"", name, found))
            finally:
                os.close(descriptor)
        return batch

    def _advise(self, name: str) -> tuple[int, Exception | None]:
        try:
            descriptor = open_file(name, self._descriptor)
        except OSError as error:
            return -1, error
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
        return descriptor, None


def _second_try(data: bytes, origin: str, reject: Reject) -> Iterator[Item]:
    try:
        yield checked(parse(data))
    except (ValueError, ItemError) as error:
        reject(origin, error)
