"""Files of newline-delimited JSON: read span by span, so that they may be of any size, and several spans at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import orjson

from stac_ingest.config import IngestConfig
from stac_ingest.core.json_items import FEATURE, parse_leniently
from stac_ingest.core.long_numbers import NumberWatch, has_long_number
from stac_ingest.core.model import Batch, Item, Payload, Position, Reject
from stac_ingest.core.rows import AsLines, Rows, text_rows
from stac_ingest.core.unpack import unpacked_blocks
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.sources.directory.file_reader import open_file
from stac_ingest.sources.documents import Documents
from stac_ingest.sources.lines.spans import (
    RECORD,
    LineCounter,
    Lines,
    LinesFile,
    ReadAt,
    Span,
    Spans,
    file_blocks,
    lines_file,
    read_lines,
    streamed_lines,
)
from stac_ingest.summary import IngestSummary


class LinesOf(NamedTuple):
    """Lines, and the span that they are of; None where they come from no file."""

    lines: Lines
    span: Span | None


class LinesDecoder:
    """Makes items of lines, from wherever they come: payloads of `LinesOf`."""

    def __init__(self, config: IngestConfig, summary: IngestSummary) -> None:
        self._longest = config.max_response_mib << 20
        self._documents = Documents(summary)
        self._numbers = NumberWatch(exact=config.exact_numbers)
        self._counter = LineCounter()

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the items of a span, where each line is plainly one."""
        made: list[Rows] = []
        for payload in batch:
            if payload.error is not None or payload.data.lines.too_long:
                return None
            texts = [line for line in payload.data.lines.split() if line and not line.isspace()]
            if any(len(line) > self._longest for line in texts):
                return None
            some = text_rows(texts, as_lines)
            if some is None:
                return None
            made.append(some)
        return made

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the item of each line; a line that holds none is rejected as `<file name>#<line>`."""
        loads, longest = orjson.loads, self._longest
        for payload in batch:
            if payload.error is not None:
                reject(payload.origin, payload.error)
                continue
            lines: Lines = payload.data.lines
            look = self._numbers.in_text(lines.data)
            number, each = -1, lines.split()
            for number, line in enumerate(each):
                if not line or line.isspace():
                    continue
                try:
                    if len(line) > longest:
                        raise _too_long(longest)
                    item: Any
                    lenient = look and has_long_number(line)
                    try:
                        item = parse_leniently(line) if lenient else loads(line)
                    except ValueError:
                        item, lenient = _second_try(line, is_last=number == len(each) - 1), True
                except ItemError as error:
                    reject(self._where(payload, number), error)
                    continue
                is_feature = not lenient and type(item) is dict and item.get("type") == FEATURE
                if is_feature and type(item.get("id")) is str and item["id"]:
                    yield item
                else:
                    yield from self._documents.items(item, self._where(payload, number), reject)
            if lines.too_long:
                reject(self._where(payload, number), _too_long(longest))

    def note(self) -> None:
        """Note what was passed over."""
        self._documents.note()

    def _first_line(self, file: LinesFile, start: int) -> int:
        """Return the number of the line that begins at a byte; 0 where it can't be told."""
        return self._counter.number(file.path, start)

    def _where(self, payload: Payload, number: int) -> str:
        lines, span = payload.data
        first = lines.start + 1 if lines.is_counted else self._first_line(span.file, lines.start)
        # The first record of a sequence is behind the first separator.
        return f"{payload.origin}#{first + number - (lines.separator == RECORD)}"


class LinesSource(LinesDecoder):
    """The items of files with an item a line, in the files' own order where one span is read at a time."""

    def __init__(
        self,
        files: Sequence[LinesFile],
        config: IngestConfig,
        summary: IngestSummary,
        name_of: Callable[[str], str] = os.path.basename,
        span: int | None = None,
    ) -> None:
        """Read files.

        Args:
            files: or parts of some.
            config: the settings.
            summary: takes the counts.
            name_of: returns what the file at a path is called in failures.
            span: bytes that are read at once, at most; as many as suit files on disk where it is None.

        """
        super().__init__(config, summary)
        self._spans = Spans(files, span)
        self._summary = summary
        self._name_of = name_of
        self._done: set[int] = set()
        self._tracked = False
        self._threads = ThreadPoolExecutor(config.workers, "stac-ingest-lines")

    def resume(self, positions: Sequence[Position]) -> None:
        """Leave out spans that an earlier run has read, unless the files are others than they were then."""
        self._tracked, self._done = True, set()
        for position in positions:
            match position:
                case {"list": self._spans.fingerprint, "files": [int(number), int()]}:
                    self._done.add(number)

    def listing(self) -> str:
        """Return the fingerprint of the files."""
        return self._spans.fingerprint

    def position(self, batch: Batch, *, clean: bool) -> Position | None:
        """Name the span of a batch; None for a part of a packed file, which is read from its beginning."""
        if not self._tracked or not clean or batch[0].error is not None or batch[0].data.span.file.is_packed:
            return None
        number = batch[0].data.span.number
        return {"list": self._spans.fingerprint, "files": [number, number + 1]}

    async def open(self) -> None:
        """Do nothing: files are opened when their turn comes."""

    async def units(self) -> AsyncIterator[Span]:
        """List the spans."""
        for span in self._spans:
            if span.number not in self._done:
                yield span

    async def read(self, unit: Span) -> AsyncIterator[Batch]:
        """Read one span, or a packed file bit by bit.

        Raises:
            DataProcessingError: the file isn't the one that was listed.

        """
        loop = asyncio.get_running_loop()
        with ExitStack() as opened:
            try:
                read_at = await loop.run_in_executor(self._threads, self._open, unit.file, opened)
                if unit.file.is_packed:
                    found = streamed_lines(unpacked_blocks(file_blocks(read_at)), self._longest)
                    while (lines := await loop.run_in_executor(self._threads, next, found, None)) is not None:
                        yield self._batch(lines, unit)
                else:
                    read = partial(read_lines, read_at, unit.start, unit.stop, self._longest)
                    yield self._batch(await loop.run_in_executor(self._threads, read), unit)
            except (OSError, ItemError) as error:
                yield [Payload(None, self._name_of(unit.file.path), error)]

    async def close(self) -> None:
        """End, once no thread reads any more, and note what was passed over."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self.note()

    def _open(self, file: LinesFile, opened: ExitStack) -> ReadAt:
        """Open a file, and have it closed with what is `opened`."""
        descriptor = open_file(file.path)
        opened.callback(os.close, descriptor)
        return partial(os.pread, descriptor)

    def _batch(self, lines: Lines, span: Span) -> Batch:
        self._summary.bytes_read += len(lines.data)
        return [Payload(LinesOf(lines, span), self._name_of(span.file.path))]


def lines_source(path: str, config: IngestConfig, summary: IngestSummary) -> LinesSource:
    """Make the source of one file.

    Raises:
        DataProcessingError: it can't be read.

    """
    try:
        return LinesSource([lines_file(path)], config, summary)
    except (OSError, ItemError) as error:
        raise DataProcessingError(f"{path}: can't be read: {error}") from error


def _second_try(line: bytes, *, is_last: bool) -> Any:
    """Parse a line that orjson refused.

    Raises:
        ItemError: it isn't JSON. One that has no end, since the file ends before, may have lost some of it.

    """
    try:
        return parse_leniently(line.removeprefix(RECORD))
    except ValueError as error:
        raise ItemError(f"{'truncated, or not JSON' if is_last else 'not JSON'}: {error}") from None


def _too_long(longest: int) -> ItemError:
    return ItemError(f"a line of more than max_response_mib allows ({longest} bytes)")
