"""The files of one folder, read slice by slice: the part of a directory source that waits for the disk."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from itertools import islice, repeat
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Payload, payload
from stac_ingest.core.unpack import is_packed, unpacked
from stac_ingest.errors import ItemError
from stac_ingest.sources.directory.file_reader import Reader, open_file
from stac_ingest.sources.directory.prefetch import CAN_ANNOUNCE, NOT_OPEN, has_to_wait, opened_ahead

BATCH_BYTES = 4 << 20
"""A slice ends early with the file that reaches this, so that large files don't fill the memory."""

AHEAD = 64
"""Files open ahead of their turn, shared by the slices under way; but no slice has fewer than `MIN_AHEAD`."""
MIN_AHEAD = 4


class Folder:
    """Files of a directory, and of those in it.

    With `read_ahead: auto` each slice's first file is looked at before it is read, until one has to come from the disk.
    From then on all are read ahead, since one slice too many read one by one costs more than many read ahead for
    nothing (measured: 60 us a cold file, 3 us a warm one). At `concurrency` 1 slices are loaded in order, so reading
    ahead goes on across them, while the items of the last one are decoded.

    Attributes:
        names: of the files, relative to the directory, sorted.

    """

    def __init__(self, path: Path, names: Sequence[str], config: IngestConfig) -> None:
        """Open the directory that the files are in."""
        self.names = names
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._max_bytes = config.max_response_mib << 20
        self._asks = config.read_ahead == "auto" and CAN_ANNOUNCE
        self._cold = config.read_ahead is True and CAN_ANNOUNCE
        self._in_order = config.workers == 1
        self._depth = max(AHEAD // config.workers, MIN_AHEAD)
        self._ahead: Generator[tuple[str, int]] | None = None

    def has_to_wait(self, start: int) -> bool:
        """Tell whether the slice that begins at `start` is to be read ahead."""
        if self._asks and has_to_wait(self.names[start], self._descriptor):
            self._cold, self._asks = True, False
        return self._cold

    def load(self, start: int, stop: int) -> list[Payload]:
        """Read the files from `start` to before `stop`, or fewer when they are large. At least one."""
        return self._read(zip(self.names[start:stop], repeat(NOT_OPEN)))

    def load_ahead(self, start: int, stop: int) -> list[Payload]:
        """Read as `load` does, with the files that follow on their way."""
        if self._in_order:
            if self._ahead is None:
                self._ahead = opened_ahead(islice(self.names, start, None), self._descriptor, self._depth)
            return self._read(islice(self._ahead, stop - start))
        with closing(opened_ahead(self.names[start:stop], self._descriptor, self._depth)) as files:
            return self._read(files)

    def close(self) -> None:
        """Close all that is open."""
        if self._ahead is not None:
            self._ahead.close()
        if self._descriptor != NOT_OPEN:
            os.close(self._descriptor)
            self._descriptor = NOT_OPEN

    def _read(self, files: Iterable[tuple[str, int]]) -> list[Payload]:
        folder, read = self._descriptor, Reader(self._max_bytes).read
        batch = []
        room = BATCH_BYTES
        for name, opened in files:
            try:
                descriptor = opened if opened != NOT_OPEN else open_file(name, folder)
                try:
                    data = read(descriptor)
                finally:
                    os.close(descriptor)
                # Most names end in `.json`: this is the cheapest way to tell them from those that are packed.
                if name[-1] != "n" and is_packed(name):
                    data = unpacked(data, self._max_bytes)
            except (OSError, ItemError) as error:
                batch.append(Payload(b"", name, error))
                continue
            batch.append(payload(data, name))
            room -= len(data)
            if room <= 0:
                break
        return batch
