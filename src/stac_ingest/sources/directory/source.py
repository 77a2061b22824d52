"""A directory with one item a file.

At `concurrency=1` files that are in memory are read in the event-loop thread, a slice of 64 at a time: handing one file
to a thread costs ten times what reading it does. A slice takes about a millisecond, then other tasks get their turn.
What has to wait for a disk, and everything at a higher concurrency, is read by threads, a slice at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.sources.directory.batches import Folder
from stac_ingest.sources.directory.resume import FilePositions, fingerprint
from stac_ingest.sources.documents import Documents, ItemTexts
from stac_ingest.summary import IngestSummary

SLICE = 64
"""Files a unit: large enough that handing one over costs nothing, small enough that 20 of them are little memory."""


class JsonDirectorySource:
    """JSON files of a directory, by name: an item each, mostly; what holds several gives all of them."""

    def __init__(self, path: Path, names: Sequence[str], config: IngestConfig, summary: IngestSummary) -> None:
        """Read files.

        Args:
            path: of the directory.
            names: of the files in it, which may lie in folders of their own, sorted.
            config: the settings.
            summary: takes the counts.

        """
        self._path = path
        self._names = self._remaining = names
        self._config = config
        self._summary = summary
        self._folder: Folder | None = None
        self._positions: FilePositions | None = None
        self._documents = Documents(summary)
        self._texts = ItemTexts(self._documents, exact_numbers=config.exact_numbers)
        # Threads of its own: the loop's default ones are fewer than `concurrency` on a small machine.
        self._threads = ThreadPoolExecutor(config.workers, "stac-ingest-files")

    def resume(self, positions: Sequence[Position]) -> None:
        """Leave out files that an earlier run has read, unless the directory holds others than it did then."""
        self._positions = FilePositions(self._path, positions)
        self._remaining = self._positions.remaining(self._names)

    def listing(self) -> str:
        """Return the fingerprint of the list of files."""
        return (self._positions is not None and self._positions.fingerprint) or fingerprint(self._names)

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Return which files a batch is of; None if they aren't kept, or if one had a failure."""
        return self._positions.position(batch) if self._positions is not None and clean else None

    async def open(self) -> None:
        """Open the directory."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._open)

    async def units(self) -> AsyncIterator[range]:
        """List slices of the sorted files."""
        files = range(len(self._opened.names))
        for start in files[::SLICE]:
            yield files[start : start + SLICE]

    async def read(self, unit: range) -> AsyncIterator[Batch]:
        """Read one slice: a batch, or several where files are large."""
        start, loop = unit.start, asyncio.get_running_loop()
        while start < unit.stop:
            if self._config.workers > 1 or self._opened.has_to_wait(start):
                batch = await loop.run_in_executor(self._threads, self._load, start, unit.stop)
            else:
                batch = self._opened.load(start, unit.stop)
                await asyncio.sleep(0)
            self._summary.bytes_read += sum([len(payload.data) for payload in batch])
            yield batch
            start += len(batch)

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the items of a slice, where each file is plainly one."""
        return self._texts.rows(batch, as_lines=as_lines)

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a slice; what can't be used is rejected under its file's name."""
        return self._texts.decode(batch, reject)

    async def close(self) -> None:
        """Close the directory, once no thread reads from it, and note what was passed over."""
        await asyncio.to_thread(self._release)
        self._documents.note()

    @property
    def _opened(self) -> Folder:
        if self._folder is None:
            raise RuntimeError("the source is not open")
        return self._folder

    def _open(self) -> None:
        self._folder = Folder(self._path, self._remaining, self._config)

    def _load(self, start: int, stop: int) -> list[Payload]:
        folder = self._opened
        return (folder.load_ahead if folder.has_to_wait(start) else folder.load)(start, stop)

    def _release(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        if self._folder is not None:
            self._folder.close()
