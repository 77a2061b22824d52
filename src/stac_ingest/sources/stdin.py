"""Standard input: lines, the records of a text sequence, or one document, packed or not, as the first bytes tell.

It can be read once only. So a run can't go on in the middle of it: one that resumes reads it from its beginning.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.core.json_items import parse
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.core.unpack import begins_packed, unpacked_blocks
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.sources.json_file import JsonFileSource
from stac_ingest.sources.kind import Where
from stac_ingest.sources.lines.source import LinesDecoder, LinesOf
from stac_ingest.sources.lines.spans import streamed_lines
from stac_ingest.summary import IngestSummary

NAME = "stdin"
"""What it is called in failures."""
_PARQUET = b"PAR1"
_NO_PARQUET = (
    "source: Parquet on standard input can't be read, since its index is at its end; write it to a file, and give that"
)
_DESCRIPTOR = 0
_BLOCK = 1 << 20
_LINGER = 0.02
"""Seconds that what has come waits for more. A pipe holds 64 KiB, and a batch of these few items costs more a piece."""
_LOOK = 0.25
"""Seconds after which a thread that waits looks whether anybody still waits for it."""
_TOLD_BY = 2
"""Lines that tell NDJSON from one document."""


def check_stdin(config: IngestConfig) -> None:
    """Check that standard input is open, and that the settings make sense for it.

    Raises:
        ConfigurationError: naming what doesn't, and what to do.

    """
    if config.format == "parquet":
        raise ConfigurationError(_NO_PARQUET)
    if config.format not in (None, "json", "ndjson"):
        raise ConfigurationError(f"format {config.format!r}: standard input has no links; use json or ndjson")
    if config.source_type not in ("auto", "file"):
        raise ConfigurationError(f"source_type: standard input is no {config.source_type}; leave it out")
    if config.hrefs == "absolute":
        raise ConfigurationError(
            "hrefs: items of standard input come from no place; write them to a file, or keep hrefs"
        )
    if sys.stdin is None:
        raise ConfigurationError("source: standard input is closed")


def stdin_source(where: Where, config: IngestConfig, summary: IngestSummary) -> StdinSource:  # noqa: ARG001 - as all are made
    """Make the source of standard input."""
    return StdinSource(config, summary)


class StdinSource:
    """The items that come on standard input, in their order."""

    def __init__(self, config: IngestConfig, summary: IngestSummary) -> None:
        self._config = config
        self._summary = summary
        self._max_bytes = config.max_response_mib << 20
        self._input = _Input()
        self._blocks = _Peeked(self._input.blocks())
        self._lines = LinesDecoder(config, summary)
        self._document: JsonFileSource | None = None
        self._threads = ThreadPoolExecutor(1, "stac-ingest-stdin")

    async def open(self) -> None:
        """Wait for the first bytes, and look at them.

        Raises:
            ConfigurationError: they are of Parquet.
            DataProcessingError: there are none, or they can't be unpacked.

        """
        await asyncio.get_running_loop().run_in_executor(self._threads, self._look)

    async def units(self) -> AsyncIterator[str]:
        """List it as one unit."""
        yield NAME

    async def read(self, unit: str) -> AsyncIterator[Batch]:
        """Read on to its end.

        Raises:
            DataProcessingError: a document can't be read whole.

        """
        loop = asyncio.get_running_loop()
        if self._document is not None:
            data = await loop.run_in_executor(self._threads, self._whole)
            self._summary.bytes_read += len(data)
            yield [Payload(data, unit)]
            return
        found = streamed_lines(self._blocks, self._max_bytes)
        try:
            while (lines := await loop.run_in_executor(self._threads, next, found, None)) is not None:
                self._summary.bytes_read += len(lines.data)
                yield [Payload(LinesOf(lines, None), unit)]
        except (OSError, ItemError) as error:
            yield [Payload(None, unit, error)]

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the items of a batch, where they are plainly items."""
        return (self._document or self._lines).rows(batch, as_lines=as_lines)

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a batch; what is none is rejected as `stdin#<line>`, or by its place in the document.

        Raises:
            DataProcessingError: a document isn't JSON, or holds something else.

        """
        return (self._document or self._lines).decode(batch, reject)

    async def close(self) -> None:
        """Have a thread that waits for more give up, and note what was passed over."""
        self._input.is_closed = True
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._lines.note()

    def _look(self) -> None:
        head = self._blocks.head(0, 1)
        if begins_packed(head):
            self._blocks = _Peeked(unpacked_blocks(self._blocks))
        first = self._blocks.head(_TOLD_BY, self._max_bytes)
        if not first:
            error = self._blocks.error
            raise DataProcessingError(f"{NAME}: {error}" if error else "nothing came on standard input")
        if first.startswith(_PARQUET):
            raise ConfigurationError(_NO_PARQUET)
        is_document = self._config.format == "json" or (self._config.format is None and _is_document(first))
        if is_document:
            self._document = JsonFileSource(Path(NAME), self._config, self._summary)

    def _whole(self) -> bytes:
        data = bytearray()
        try:
            for block in self._blocks:
                data += block
                if len(data) > self._max_bytes:
                    break
        except (OSError, ItemError) as error:
            raise DataProcessingError(f"{NAME}: can't be read: {error}") from error
        if len(data) > self._max_bytes:
            raise DataProcessingError(
                f"{NAME}: a document of more than max_response_mib allows ({self._max_bytes} bytes)"
            )
        return bytes(data)


class _Input:
    """Reads standard input in a thread, which doesn't wait longer than anybody waits for it."""

    def __init__(self) -> None:
        self.is_closed = False
        self._is_ended = False
        with suppress(ImportError, AttributeError, OSError):
            import fcntl  # noqa: PLC0415 - not on every system

            # What writes to us has to wait less often. Only pipes have this, and Linux alone.
            fcntl.fcntl(_DESCRIPTOR, fcntl.F_SETPIPE_SZ, _BLOCK)

    def blocks(self) -> Iterator[bytes]:
        """Yield what comes, in blocks of about a megabyte where that much is there.

        Raises:
            OSError: it can't be read.

        """
        while not self._is_ended and not self.is_closed:
            parts: list[bytes] = []
            size = 0
            while size < _BLOCK and self._comes(waits=not parts):
                data = os.read(_DESCRIPTOR, _BLOCK)
                if not data:
                    self._is_ended = True
                    break
                parts.append(data)
                size += len(data)
            if parts:
                yield b"".join(parts)

    def _comes(self, *, waits: bool) -> bool:
        """Say whether there is something to read, or the end; wait for it as long as it takes, or not long."""
        while not select.select([_DESCRIPTOR], [], [], _LOOK if waits else _LINGER)[0]:
            if not waits or self.is_closed:
                return False
        return True


class _Peeked:
    """Blocks whose first ones can be looked at before they are gone through.

    Attributes:
        error: that ended what was looked at; raised once more when it is its turn.

    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._coming = iter(blocks)
        self._held: list[bytes] = []
        self.error: Exception | None = None

    def head(self, newlines: int, most: int) -> bytes:
        """Return the beginning: four bytes, and so many newlines, as far as they are there, or about `most` bytes."""
        size = sum(map(len, self._held))
        found = sum(block.count(b"\n") for block in self._held)
        while (size < len(_PARQUET) or found < newlines) and size <= max(most, len(_PARQUET)) and self.error is None:
            try:
                block = next(self._coming, None)
            except (OSError, ItemError) as error:
                self.error = error
                break
            if block is None:
                break
            self._held.append(block)
            size, found = size + len(block), found + block.count(b"\n")
        self._held = [b"".join(self._held)]
        return self._held[0]

    def __iter__(self) -> Iterator[bytes]:
        held, self._held = self._held, []
        yield from filter(None, held)
        if self.error is not None:
            raise self.error
        yield from self._coming


def _is_document(head: bytes) -> bool:
    """Say whether this begins one document that goes over lines, and not a line for each item.

    A document on one line is a line. Whatever is neither is taken for lines, each of which costs no more than itself.
    """
    text = head.removeprefix(BOM_UTF8).lstrip()
    if text.startswith(b"["):
        return True
    if not text.startswith(b"{"):
        return False
    first, newline, rest = text.partition(b"\n")
    return bool(newline and rest.strip()) and not _is_object(first) and not _is_object(rest.partition(b"\n")[0])


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(parse(line), dict)
    except ValueError:
        return False
