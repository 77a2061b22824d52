"""Files of lines, cut at any byte: a line belongs to the span in which it begins.

The records of a JSON text sequence (RFC 8142) are told apart by the character before each instead of the newline behind
it, so that they may go over several lines. All that is said of lines holds for them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from stac_ingest.core.unpack import is_packed, unpacked_blocks
from stac_ingest.errors import DataProcessingError, ItemError

SPAN = 1 << 20
"""Bytes of a span: some hundred items, and a hundredth of a second of work."""
_MORE = 256 << 10
"""Bytes read at once for the rest of a line."""
NEWLINE, RECORD = b"\n", b"\x1e"
"""What is between lines, and what is before each record of a sequence."""
_HEAD = 64
"""Bytes that tell which of them a file has."""


ReadAt = Callable[[int, int], bytes]
"""Reads up to so many bytes of a file from a byte on; none behind its end. It raises `OSError`, or `ItemError`."""


class LinesFile(NamedTuple):
    """A file of lines, or a part of one."""

    path: str
    start: int
    """The byte at which the part begins."""
    stop: int
    """Before which its last line begins."""
    stamp: str
    """Size and time of the file."""

    @property
    def is_packed(self) -> bool:
        """Whether it is gzip or Zstandard, which can be read from its beginning alone."""
        return is_packed(self.path)


class Span(NamedTuple):
    """A stretch of a file, and its number among all spans of the source."""

    number: int
    file: LinesFile
    start: int
    stop: int


def lines_file(path: str) -> LinesFile:
    """Look at a file.

    Raises:
        ItemError: it isn't a regular file.
        OSError: it isn't there.

    """
    status = os.stat(path)  # noqa: PTH116 - a Path for each of many files costs more than looking at it
    if not stat.S_ISREG(status.st_mode):
        raise ItemError("not a regular file")
    return LinesFile(path, 0, status.st_size, f"{status.st_size}@{status.st_mtime_ns}")


def mean_line(file: LinesFile) -> int:
    """Estimate how many bytes of a file a line takes, by its beginning.

    Returns:
        At least 1.

    Raises:
        DataProcessingError: it can't be read.

    """
    try:
        with Path(file.path).open("rb") as stream:
            data = stream.read(SPAN)
        text = next(unpacked_blocks([data]), b"") if file.is_packed else data
    except (OSError, ItemError) as error:
        raise DataProcessingError(f"{file.path}: can't be read: {error}") from error
    return max(1, len(data) // max(1, text.count(b"\n")))


class Spans:
    """All spans of some files, made when they are asked for.

    Attributes:
        fingerprint: changes with the files.

    """

    def __init__(self, files: Sequence[LinesFile], step: int | None = None) -> None:
        """Cut files into spans of at most `step` bytes, or as many as suit files on disk."""
        self._files = files
        self._step = step or SPAN
        total = blake2b(digest_size=16)
        for file in files:
            total.update(repr(file).encode("utf-8", "surrogateescape"))
        self.fingerprint = total.hexdigest()

    def __iter__(self) -> Iterator[Span]:
        number = 0
        for file in self._files:
            # A packed file is never empty: without a byte it is cut off, which reading it says.
            stop = max(file.stop, 1) if file.is_packed else file.stop
            step = stop if file.is_packed else self._step
            for start in range(file.start, stop, step):
                yield Span(number, file, start, min(start + step, stop))
                number += 1


class Lines(NamedTuple):
    """Whole lines of a file."""

    data: bytes
    start: int
    """Where in the file they begin; of what can be read once only, how many lines come before."""
    too_long: bool = False
    """Whether the line that follows them is longer than allowed, and left out."""
    separator: bytes = NEWLINE
    is_counted: bool = False
    """Whether `start` counts lines."""

    def split(self) -> list[bytes]:
        """Return each line. The last one is what is behind the last end of a line: nothing, unless the file ends so."""
        return self.data.split(self.separator)


def separator_of(head: bytes) -> bytes:
    """Return what tells the records of a file apart, by its beginning: names can't be relied on."""
    return RECORD if head[:_HEAD].lstrip().startswith(RECORD) else NEWLINE


def read_lines(read_at: ReadAt, start: int, stop: int, longest: int) -> Lines:
    """Read the lines that begin in a stretch of a file; the last of them may end behind it.

    Args:
        read_at: reads the file.
        start: of the stretch.
        stop: its end.
        longest: bytes of a line.

    Raises:
        OSError: it can't be read.

    """
    # The byte before tells whether a line begins at the first one.
    first = max(start - 1, 0)
    data = _read(read_at, first, stop)
    separator = separator_of(data if start == 0 and data[:_HEAD].strip() else read_at(_HEAD, 0))
    begin = data.find(separator) + 1 if start else 0
    if start and not begin:
        return Lines(b"", stop, separator=separator)
    last = data.rfind(separator) + 1
    parts, tail, at = [data[begin:]], len(data) - max(last, begin), first + len(data)
    ended = tail == 0
    while not ended and (more := read_at(_MORE, at)):
        end = more.find(separator) + 1
        ended = end > 0
        parts.append(more[:end] if ended else more)
        tail, at = tail + len(parts[-1]), at + len(more)
        if tail > longest + 1:
            return Lines(data[begin:last], first + begin, too_long=True, separator=separator)
    return Lines(b"".join(parts), first + begin, separator=separator)


def streamed_lines(blocks: Iterable[bytes], longest: int) -> Iterator[Lines]:
    """Cut what comes in blocks behind its lines.

    Args:
        blocks: of what can be read once, such as a file that is being unpacked.
        longest: bytes of a line.

    Raises:
        Exception: what `blocks` raises. The lines before it were yielded.

    """
    separator = b""
    waiting: list[bytes] = []  # of the line that is not ended yet: joined once, however many blocks it takes
    start, size, skips = 0, 0, False
    for block in blocks:
        separator = separator or separator_of(block)
        last = block.rfind(separator) + 1
        if not last:
            lines = b""
        elif skips:
            # Up to the end of a line that was too long.
            lines, skips = separator + block[block.find(separator) + 1 : last], False
        else:
            lines = b"".join([*waiting, block[:last]])
        if last:
            waiting, size = [], 0
        if not skips:
            waiting.append(block[last:])
            size += len(waiting[-1])
        too_long = size > longest
        if too_long:
            waiting, size, skips = [], 0, True
        if lines or too_long:
            yield Lines(lines, start, too_long, separator, is_counted=True)
        start += lines.count(separator)
    if size:
        yield Lines(b"".join(waiting), start, separator=separator, is_counted=True)


def file_blocks(read_at: ReadAt) -> Iterator[bytes]:
    """Yield a file in blocks.

    Raises:
        OSError: it can't be read.

    """
    at = 0
    while block := read_at(SPAN, at):
        yield block
        at += len(block)


def _read(read_at: ReadAt, start: int, stop: int) -> bytes:
    """Read a stretch, or what there is of it: one read may bring less."""
    data = read_at(stop - start, start)
    while len(data) < stop - start and (more := read_at(stop - start - len(data), start + len(data))):
        data += more
    return data


class LineCounter:
    """Says which line of a file begins at a byte. Only failures ask, so lines are not counted while they are read."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def number(self, file: str, offset: int) -> int:
        """Return the number of the line that begins at `offset`, counted from 1; 0 where the file can't be read."""
        at, lines = self._known.get(file, (0, 0))
        if at > offset:
            at, lines = 0, 0
        try:
            with Path(file).open("rb") as stream:
                separator = separator_of(stream.read(_HEAD))
                stream.seek(at)
                while at < offset and (block := stream.read(min(SPAN, offset - at))):
                    at, lines = at + len(block), lines + block.count(separator)
        except OSError:
            return 0
        self._known[file] = (at, lines)
        return lines + 1
