"""How far an interrupted run had come in its source, so that a resumed one needn't read all of it again.

The checkpoint knows which items are written; with that alone a resumed run reads everything to find what is left. So a
place of the source (a slice of files, a page, a stretch of time) is noted once all its items are on disk and in the
checkpoint. Notes are only ever behind: what was written and not noted is read again, and left out by the checkpoint.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import orjson

from stac_ingest.sources.base import Place


class Positions:
    """The places of one source, in a file of a line of JSON for each time that something was written.

    Places come from the reader (`passed`), travel with the items of the batch that is being gathered (`take`), and are
    noted by the writer (`settle`), which may be another thread.

    Attributes:
        known: the places that an earlier run has settled, in that order.

    """

    def __init__(self, path: Path, source: Mapping[str, Any], *, resume: bool) -> None:
        """Read what an earlier run of the same `source` settled; without `resume` begin anew.

        Raises:
            OSError: the file can't be read.

        """
        self._path = path
        self._source = _fingerprint(source)
        self._file: IO[bytes] | None = None
        self._passed: list[Place] = []
        self._lock = threading.Lock()
        self.known: list[Place] = self._read() if resume else []
        if not self.known:
            self.forget()

    def passed(self, place: Place) -> None:
        """Say that all items of a place were handed to the output."""
        self._passed.append(place)

    def take(self) -> list[Place]:
        """Give the places that were passed since this was last asked."""
        taken, self._passed = self._passed, []
        return taken

    def settle(self, places: Sequence[Place]) -> None:
        """Note that all items of these places are on disk and in the checkpoint.

        Raises:
            OSError: it can't be written.

        """
        if not places:
            return
        with self._lock:
            self._write(list(places))

    def forget(self) -> None:
        """Drop all notes: the next run reads everything."""
        self.close()
        self.known = []
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, line: Any) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "r+b", buffering=0)
            self._begin(self._file)
        self._file.write(_line(line))
        os.fsync(self._file.fileno())

    def _begin(self, file: IO[bytes]) -> None:
        """Name the source in a new file; end the half line that a killed run may have left in an old one."""
        size = file.seek(0, os.SEEK_END)
        if not size:
            file.write(_line({"source": self._source}))
        elif os.pread(file.fileno(), 1, size - 1) != b"\n":
            file.write(b"\n")

    def _read(self) -> list[Place]:
        try:
            first, *lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        if _parsed(first) != {"source": self._source}:
            return []
        found = [places for line in lines if isinstance(places := _parsed(line), list)]
        return [place for places in found for place in places if isinstance(place, dict)]


def _fingerprint(source: Mapping[str, Any]) -> str:
    # A hash, since a source may hold what nobody else is to read.
    return blake2b(orjson.dumps(source, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None
