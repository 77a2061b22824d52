"""The file that names what differs: a line for each item."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from stac_ingest.core.id_set import Key
from stac_ingest.errors import DataProcessingError

NAME = "audit.ndjson"
What = Literal["missing", "extra", "different", "repeated"]


class Findings:
    """Writes `audit.ndjson`; it is there, whole, when the audit has ended, and only where something differs.

    Attributes:
        path: of the file.
        lines: how many it has so far.

    """

    def __init__(self, path: Path) -> None:
        """Begin with none; the file of an earlier audit is removed.

        Raises:
            DataProcessingError: its folder can't be written to.

        """
        self.path = path
        self.lines = 0
        self._part = path.with_name(f".{path.name}.part")
        with self._writing():
            path.unlink(missing_ok=True)
            self._part.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._stream: IO[bytes] = os.fdopen(os.open(self._part, flags, 0o666), "wb")

    def add(self, key: Key, what: What, **more: Any) -> None:
        """Name an item.

        Args:
            key: its collection, "" where it has none or it isn't known, and its id.
            what: is the matter with it.
            more: members of the line.

        Raises:
            DataProcessingError: it can't be written.

        """
        line = {"collection": key[0], "id": key[1], "what": what, **more}
        try:
            text = orjson.dumps(line)
        except TypeError:  # an id that isn't Unicode
            text = orjson.dumps({**line, "collection": ascii(key[0]), "id": ascii(key[1])})
        with self._writing():
            self._stream.write(text + b"\n")
        self.lines += 1

    def finish(self) -> None:
        """Put the file in its place, where there is something in it.

        Raises:
            DataProcessingError: it can't be written.

        """
        with self._writing():
            self._stream.close()
            if self.lines:
                self._part.replace(self.path)
            else:
                self._part.unlink()

    def abandon(self) -> None:
        """Remove what isn't finished."""
        self._stream.close()
        self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataProcessingError(
                f"can't write {self.path}: {error.strerror or error}; --report gives it another place"
            ) from error
