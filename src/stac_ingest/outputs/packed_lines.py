"""NDJSON as gzip or Zstandard: each batch of lines is a member or a frame of its own, behind which a run can go on.

Where each of them ends is told without unpacking: a member of gzip says so in its header, as the format allows, and a
frame of Zstandard consists of blocks that say how long they are.
"""

from __future__ import annotations

import os
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.core.rows import Line
from stac_ingest.core.unpack import GZIP, ZSTD, unpacked_blocks
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.outputs.base import parsed
from stac_ingest.outputs.ndjson import LineForm, NdjsonOutput, Tail, key_of_line

_GZIP_LEVEL = 4
"""Takes two thirds of the time of the usual 6, and 6% more room."""
_ZSTD_LEVEL = 3
_HEADER = GZIP + b"\x08\x04\0\0\0\0\0\xff" + b"\x08\0" + b"SI" + b"\x04\0"
"""Of a member: no time, no name, and a field of four bytes called SI, which holds the bytes of the whole member."""
_LENGTH = 4
_READ = 1 << 20


class _PackedForm(LineForm):
    """Lines in members."""

    def encoded(self, lines: Sequence[Line], *, is_first: bool) -> bytes:  # noqa: ARG002 - as of all
        """Return a batch of lines as one member."""
        return self.pack(b"\n".join(lines) + b"\n")

    def end(self, *, is_empty: bool) -> bytes:
        """Return a member without lines for a file without any: a packed file isn't empty."""
        return self.pack(b"") if is_empty else b""

    def tail(self, descriptor: int, is_completed: Callable[[Key], bool]) -> Tail:
        """Look from the last whole member back for items that the checkpoint doesn't know."""
        ends = [0, *self._ends(descriptor)]
        found: list[list[Key]] = []
        keep, marked = 0, False
        for start, end in zip(ends[-2::-1], ends[:0:-1], strict=True):
            keys = _keys(os.pread(descriptor, end - start, start))
            if keys is None:
                # It is damaged: nothing from here on was promised, unless the checkpoint knows it.
                found, keep = [], 0
                continue
            keep = keep or end
            found.append([key for key in keys if not is_completed(key)])
            if len(found[-1]) < len(keys):
                marked = True
                break
        return Tail(keep, [key for keys in reversed(found) for key in keys], marked)

    def _ends(self, descriptor: int) -> Iterator[int]:
        """Yield where each whole member ends."""
        at, size = 0, os.fstat(descriptor).st_size
        while (end := self.end_of(descriptor, at)) is not None and end <= size:
            yield end
            at = end

    @abstractmethod
    def pack(self, data: bytes) -> bytes:
        """Return a member."""

    @abstractmethod
    def end_of(self, descriptor: int, start: int) -> int | None:
        """Return where the member that begins at a byte ends; None where there is none."""


class _GzipForm(_PackedForm):
    name = "items.ndjson.gz"

    def pack(self, data: bytes) -> bytes:
        """Return a member that says how long it is."""
        packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(data) + packer.flush()
        trailer = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
        length = len(_HEADER) + _LENGTH + len(packed) + len(trailer)
        return _HEADER + length.to_bytes(_LENGTH, "little") + packed + trailer

    def end_of(self, descriptor: int, start: int) -> int | None:
        """Return what the header says."""
        head = os.pread(descriptor, len(_HEADER) + _LENGTH, start)
        length = int.from_bytes(head[len(_HEADER) :], "little")
        is_ours = head.startswith(_HEADER) and length > len(_HEADER) + _LENGTH
        return start + length if is_ours else None


class _ZstdForm(_PackedForm):
    name = "items.ndjson.zst"

    def pack(self, data: bytes) -> bytes:
        """Return a frame with a checksum."""
        packed: bytes = self._packer.compress(data)
        return packed

    def end_of(self, descriptor: int, start: int) -> int | None:
        """Return where a frame ends, going from block to block; None if it isn't whole."""
        import zstandard  # noqa: PLC0415 - only this output needs it

        head = os.pread(descriptor, 18, start)  # the longest header there is
        if not head.startswith(ZSTD):
            return None
        try:
            at = start + zstandard.frame_header_size(head)
            has_checksum = zstandard.get_frame_parameters(head).has_checksum
        except zstandard.ZstdError:
            return None
        is_last = False
        while not is_last:
            block = os.pread(descriptor, 3, at)
            if len(block) < 3:  # noqa: PLR2004 - of its header
                return None
            word = int.from_bytes(block, "little")
            is_last, is_repeated = bool(word & 1), word >> 1 & 3 == 1
            at += 3 + (1 if is_repeated else word >> 3)
        return at + 4 * has_checksum

    @cached_property
    def _packer(self) -> Any:
        import zstandard  # noqa: PLC0415 - only this output needs it

        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)


class NdjsonGzipOutput(NdjsonOutput):
    """Writes `items.ndjson.gz`, one item a line; until `finalize` it is called `items.ndjson.gz.part`."""

    form = _GzipForm()


class NdjsonZstdOutput(NdjsonOutput):
    """Writes `items.ndjson.zst`, one item a line; until `finalize` it is called `items.ndjson.zst.part`."""

    form = _ZstdForm()


def read_packed_lines(path: Path) -> Iterator[Item]:
    """Yield the items of a file.

    Raises:
        DataProcessingError: it can't be unpacked, or a line is no JSON.

    """
    rest = b""
    try:
        with path.open("rb") as stream:
            for block in unpacked_blocks(iter(lambda: stream.read(_READ), b"")):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    yield parsed(line, path)
        if rest:
            yield parsed(rest, path)
    except ItemError as error:
        raise DataProcessingError(f"{path}: {error}") from error


def _keys(member: bytes) -> list[Key] | None:
    """Return collection and id of each item of a member; None where it is damaged."""
    try:
        lines = b"".join(unpacked_blocks([member])).split(b"\n")
    except ItemError:
        return None
    keys = [key_of_line(line) for line in lines[:-1]]
    return [key for key in keys if key is not None] if None not in keys and not lines[-1] else None
