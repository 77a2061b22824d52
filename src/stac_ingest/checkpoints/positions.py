"""How far an interrupted run had come in its source, so that a resumed one needn't read all of it again.

The checkpoint knows which items are written; with that alone a resumed run reads everything to find what is left. So a
place of the source (a slice of files, a stretch of time) is noted once all its items are on disk and in the checkpoint.
Notes are only ever behind: what was written and not noted is read again, and left out by the checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import orjson

from stac_ingest.core.model import Place


class Positions:
    """The places of one source, in a file of a line of JSON for each time that something was written.

    Places come from the reader (`passed`), travel with the items of the batch that is being gathered (`take`), and are
    noted by the writer (`settle`), which may be another thread.

    Attributes:
        known: the places that an earlier run has settled.

    """

    def __init__(self, path: Path, known: list[Place]) -> None:
        self.known = known
        self._path = path
        self._passed: list[Place] = []
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)

    @classmethod
    def begin(cls, path: Path, source: Mapping[str, Any]) -> Self:
        """Begin anew, with nothing written yet.

        Raises:
            OSError: the file can't be written.

        """
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        positions = cls(path, [])
        positions._append({"source": _fingerprint(source)})
        return positions

    @classmethod
    def go_on(cls, path: Path, source: Mapping[str, Any]) -> Self | None:
        """Read what earlier runs have settled; None, and the file goes, where they read another `source`.

        Raises:
            OSError: the file can't be read or written.

        """
        first, *lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        if _parsed(first) != {"source": _fingerprint(source)}:
            path.unlink(missing_ok=True)
            return None
        found = [places for line in lines if isinstance(places := _parsed(line), list)]
        positions = cls(path, [place for places in found for place in places if isinstance(place, dict)])
        if lines and lines[-1]:
            os.write(positions._descriptor, b"\n")  # ends the half line of a run that was killed
        return positions

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
        self._append(list(places))

    def forget(self) -> None:
        """Drop all notes: the next run reads everything."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _append(self, line: Any) -> None:
        os.write(self._descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        os.fsync(self._descriptor)


def _fingerprint(source: Mapping[str, Any]) -> str:
    # A hash, since a source may hold what nobody else is to read.
    return blake2b(orjson.dumps(source, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        return None
