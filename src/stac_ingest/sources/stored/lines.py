"""Objects with an item a line: read in ranges, so that they may be of any size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack

from stac_ingest.config import IngestConfig
from stac_ingest.core.model import Batch, Payload
from stac_ingest.sources.lines.source import LinesSource
from stac_ingest.sources.lines.spans import Lines, LinesFile, ReadAt, Span
from stac_ingest.stores.objects import Store, StoredObject
from stac_ingest.summary import IngestSummary

SPAN = 4 << 20
"""Bytes of a request, about: a round trip is little against what it brings."""
_MARGIN = 64 << 10
"""Bytes that are read behind a span, for the rest of its last line."""
_HEAD = 4 << 10
"""Bytes at the beginning of an object, which tell how its records are told apart."""


class StoredLinesSource(LinesSource):
    """The items of objects with an item a line."""

    def __init__(
        self, store: Store, objects: Mapping[str, StoredObject], config: IngestConfig, summary: IngestSummary
    ) -> None:
        """Read objects, by what they are called."""
        files = [LinesFile(name, 0, of.size, f"{of.size}@{of.version}") for name, of in objects.items()]
        super().__init__(files, config, summary, str, SPAN)
        self._store = store
        self._objects = objects
        self._heads: dict[str, bytes] = {}
        self._counted: dict[tuple[str, int], int] = {}
        """How many lines begin in the span that begins at a byte."""

    async def close(self) -> None:
        """Wait for the requests under way, and note what was passed over."""
        await super().close()
        await asyncio.to_thread(self._store.close)

    def _open(self, file: LinesFile, opened: ExitStack) -> ReadAt:  # noqa: ARG002 - nothing is open
        of, held, held_at = self._objects[file.path], b"", 0

        def read_at(size: int, at: int) -> bytes:
            nonlocal held, held_at
            stop = min(at + size, of.size)
            if stop <= _HEAD and file.path in self._heads:
                return self._heads[file.path][at:stop]
            if at < held_at or stop > held_at + len(held):
                first, last = (0, min(_HEAD, of.size)) if stop <= _HEAD else (at, min(stop + _MARGIN, of.size))
                if file.is_packed and stop > _HEAD:
                    last = min(at + SPAN, of.size)
                if last <= first:
                    return b""
                held, held_at = self._store.read(of, first, last), first
            if held_at == 0:
                self._heads.setdefault(file.path, held[:_HEAD])
            return held[at - held_at : stop - held_at]

        return read_at

    def _batch(self, lines: Lines, span: Span) -> Batch:
        if not span.file.is_packed:
            ends_open = bool(lines.data) and not lines.data.endswith(lines.separator)
            self._counted[span.file.path, span.start] = lines.data.count(lines.separator) + ends_open + lines.too_long
        return super()._batch(lines, span)

    def _where(self, payload: Payload, number: int) -> str:
        """Name a line: by its number where all before it were read, since to count them they would be read again."""
        lines, span = payload.data
        if span.file.is_packed:
            return super()._where(payload, number)
        before = [self._counted.get((span.file.path, at)) for at in range(span.file.start, span.start, SPAN)]
        if None in before:
            return f"{payload.origin}#{number + 1} behind byte {lines.start}"
        self._known = sum(count or 0 for count in before)
        return super()._where(payload, number)

    def _first_line(self, file: LinesFile, start: int) -> int:  # noqa: ARG002 - `_where` has counted
        return self._known + 1
