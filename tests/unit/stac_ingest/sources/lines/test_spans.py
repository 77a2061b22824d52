"""Files of lines, cut at any byte."""

from __future__ import annotations

import gzip
import os
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.unpack import unpacked_blocks
from stac_ingest.errors import ItemError
from stac_ingest.sources.lines import spans as module
from stac_ingest.sources.lines.spans import (
    LineCounter,
    LinesFile,
    Spans,
    lines_file,
    mean_line,
    read_lines,
    streamed_lines,
)

# What begins with a record separator is no file of lines.
LINES = st.lists(
    st.binary(max_size=12).map(lambda line: line.translate(bytes.maketrans(b"\n\x1e", b"\r\x1f"))), max_size=30
)


@given(lines=LINES, ends=st.booleans(), cuts=st.lists(st.integers(0, 300), max_size=8))
def test_each_line_is_in_one_stretch(lines: list[bytes], ends: bool, cuts: list[int]) -> None:
    """However a file is cut, its stretches give each line once, whole and in order, and say where they begin."""
    data = b"\n".join(lines) + b"\n" * ends
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    with TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(data)
        descriptor = os.open(path, os.O_RDONLY)
        found = [read_lines(partial(os.pread, descriptor), *stretch, 100) for stretch in pairwise(edges)]
        os.close(descriptor)
    assert b"".join(lines.data for lines in found) == data
    assert all(data[lines.start :].startswith(lines.data) for lines in found if lines.data)
    assert not any(lines.too_long for lines in found)


@given(
    texts=st.lists(st.binary(max_size=12).map(lambda text: text.replace(b"\x1e", b"\x1f")), max_size=30),
    cuts=st.lists(st.integers(0, 300), max_size=8),
    block=st.integers(1, 20),
)
def test_each_record_of_a_sequence_is_in_one_stretch(texts: list[bytes], cuts: list[int], block: int) -> None:
    """However a text sequence is cut or streamed, each record comes once, whole and in order, newlines in it or not."""
    data = b"".join(b"\x1e" + text for text in texts)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    with TemporaryDirectory() as folder:
        path = Path(folder, "a")
        path.write_bytes(data)
        descriptor = os.open(path, os.O_RDONLY)
        found = [read_lines(partial(os.pread, descriptor), *stretch, 100) for stretch in pairwise(edges)]
        os.close(descriptor)
    assert b"".join(lines.data for lines in found) == data
    assert [text for lines in found for text in lines.split() if text] == [text for text in texts if text]
    streamed = streamed_lines((data[at : at + block] for at in range(0, len(data), block)), 100)
    assert [text for lines in streamed for text in lines.split() if text] == [text for text in texts if text]


@given(lines=LINES, longest=st.integers(0, 12), cut=st.integers(1, 20))
def test_a_line_that_is_too_long_is_left_out(lines: list[bytes], longest: int, cut: int) -> None:
    """From a packed file every line that is short enough comes with its number, and each other one is told once."""
    data = gzip.compress(b"".join(line + b"\n" for line in lines))
    blocks = unpacked_blocks(data[start : start + cut] for start in range(0, len(data), cut))
    small = (block[start : start + 5] for block in blocks for start in range(0, len(block), 5))
    kept: dict[int, bytes] = {}
    dropped = []
    for found in streamed_lines(small, longest):
        pieces = found.data.split(b"\n")
        kept |= {found.start + number: line for number, line in enumerate(pieces) if line}
        if found.too_long:
            dropped.append(found.start + len(pieces) - 1)
    wanted = {number: line for number, line in enumerate(lines) if line}
    assert all(wanted[number] == line for number, line in kept.items())
    missing = wanted.keys() - kept.keys()
    assert missing == set(dropped)
    assert len(dropped) == len(set(dropped))
    assert all(len(wanted[number]) > longest for number in missing)


def test_a_long_line_of_a_packed_file_is_joined_once() -> None:
    """What a line in many blocks costs grows with the line, not with its square: each block is searched once."""
    searched = 0

    class Block(bytes):
        def rfind(self, *arguments: Any) -> int:
            nonlocal searched
            searched += len(self)
            return super().rfind(*arguments)

    blocks = [Block(b"x" * 100) for _ in range(1000)]
    assert [found.data for found in streamed_lines([*blocks, b"\n"], 1 << 20)] == [b"x" * 100_000 + b"\n"]
    assert searched == 100_000


def test_a_line_longer_than_allowed_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stretch whose last line goes on and on gives the lines before it, and reads no more than the limit."""
    monkeypatch.setattr(module, "_MORE", 10)
    path = tmp_path / "a"
    path.write_bytes(b"one\n" + b"x" * 1000 + b"\nlast\n")
    reads: list[int] = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *of: reads.append(of[1]) or pread(*of))
    descriptor = os.open(path, os.O_RDONLY)
    first = read_lines(partial(os.pread, descriptor), 0, 20, 50)
    assert (first.data, first.start, first.too_long) == (b"one\n", 0, True)
    assert sum(reads) < 100
    assert read_lines(partial(os.pread, descriptor), 20, 40, 50).data == b""
    assert read_lines(partial(os.pread, descriptor), 1000, 1010, 50).data == b"last\n"
    os.close(descriptor)


def test_spans_cover_files_and_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans of all files follow each other without a gap; a packed file is one, an empty one none."""
    monkeypatch.setattr(module, "SPAN", 4)
    files = [LinesFile("a.ndjson", 0, 10, "s"), LinesFile("b.ndjson.gz", 0, 10, "s"), LinesFile("c.ndjson", 6, 6, "s")]
    found = list(Spans(files))
    assert [(span.number, span.file.path, span.start, span.stop) for span in found] == [
        (0, "a.ndjson", 0, 4),
        (1, "a.ndjson", 4, 8),
        (2, "a.ndjson", 8, 10),
        (3, "b.ndjson.gz", 0, 10),
    ]
    assert Spans(files).fingerprint == Spans(list(files)).fingerprint != Spans(files[1:]).fingerprint


def test_lines_are_counted_in_any_order(tmp_path: Path) -> None:
    """The number of a line is right whichever was asked for before; a file that is gone has none."""
    path = tmp_path / "a"
    path.write_bytes(b"a\nb\nc\nd\n")
    counter = LineCounter()
    assert [counter.number(str(path), offset) for offset in (4, 0, 6, 2)] == [3, 1, 4, 2]
    path.unlink()
    assert counter.number(str(path), 8) == 0


@pytest.mark.parametrize("packed", [False, True])
def test_the_length_of_a_line_is_estimated(tmp_path: Path, packed: bool) -> None:
    """By what the first lines take in the file; never less than a byte."""
    path = tmp_path / ("a.ndjson.gz" if packed else "a.ndjson")
    data = b'{"a": 1}\n' * 1000
    path.write_bytes(gzip.compress(data) if packed else data)
    assert mean_line(lines_file(str(path))) == (1 if packed else 9)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A FIFO is refused without waiting for somebody to write to it."""
    os.mkfifo(tmp_path / "a")
    with pytest.raises(ItemError, match="not a regular file"):
        lines_file(str(tmp_path / "a"))
