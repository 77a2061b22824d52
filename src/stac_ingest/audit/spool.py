"""Items that wait on disk: those that the source has and the output lacks, or has otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stac_ingest.audit.ledger import Ledger
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.outputs.base import encode_json, parsed


class ItemSpool:
    """Keeps items in a file without a name, which is gone with the process."""

    def __init__(self, folder: Path) -> None:
        """Begin with none.

        Args:
            folder: on whose disk the file is.

        Raises:
            DataProcessingError: it can't be made.

        """
        try:
            self._stream = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it is open as long as this is
        except OSError as error:
            raise DataProcessingError(f"can't write to {folder}: {error.strerror or error}") from error
        self._path = folder
        self._ledger = Ledger(folder)
        self._size = 0

    def close(self) -> None:
        """Let go of the files."""
        with suppress(OSError):  # what a full disk didn't take is for nobody any more
            self._stream.close()
        self._ledger.close()

    def __len__(self) -> int:
        return len(self._ledger)

    def add(self, item: Item) -> bool:
        """Keep an item; tell whether JSON can hold it.

        Raises:
            DataProcessingError: the disk is full.

        """
        try:
            line = encode_json(item)
        except ItemError:
            return False
        try:
            self._stream.write(line + b"\n")
        except OSError as error:
            raise DataProcessingError(f"can't write to {self._path}: {error.strerror or error}") from error
        self._ledger.add(*key_of(item), self._size)
        self._size += len(line) + 1
        return True

    def find(self, key: Key) -> bytes | None:
        """Return the text of an item; None where it isn't here. After the first call no item is added."""
        found = self._ledger.find(*key)
        if not found:
            return None
        self._stream.seek(found[0].number)
        return self._stream.readline().rstrip(b"\n")

    def item(self, key: Key) -> Item | None:
        """Return an item; None where it isn't here."""
        text = self.find(key)
        return None if text is None else parsed(text, self._path)

    def texts(self) -> Iterator[bytes]:
        """Yield the text of each item, in the order in which they came."""
        self._stream.seek(0)
        position = 0
        while position < self._size:
            self._stream.seek(position)  # what is found meanwhile moves it
            line = self._stream.readline()
            position += len(line)
            yield line.rstrip(b"\n")

    def items(self) -> Iterator[Item]:
        """Yield each item."""
        return (parsed(text, self._path) for text in self.texts())
