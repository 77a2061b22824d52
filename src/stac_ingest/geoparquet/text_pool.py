"""All texts of a batch in one column of Arrow, of which its rows are put together by one `take`.

A row of 20 KB has some 450 pieces: what is the same in every row, and values between. Arrow copies a piece in 8 ns,
where Python takes 75 to make a text of a value and to put it in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.core.distinct import distinct
from stac_ingest.geoparquet.scalar_columns import Bytes, not_finite, numbers, string_buffers

Numbers: TypeAlias = npt.NDArray[Any]
Ends: TypeAlias = npt.NDArray[np.int64]

RAW, QUOTED = "raw", "quoted"
"""Groups of texts: those that are JSON, and those that become JSON between quotes, once they were looked at."""

MAX_BYTES = 1 << 30
"""Bytes of text that are made at once, at most: offsets of Arrow's texts have 32 bits."""

_SPACE, _DELETE = 0x20, 0x7F
_QUOTE, _BACKSLASH = b'"', b"\\"
_BLOCK = 128 << 10
"""Bytes that are copied at once to be searched: they stay in the processor's cache."""


class NotPlainError(Exception):
    """A batch holds something whose text isn't known to be what orjson would write."""


class Leaf(NamedTuple):
    """A text of the pool for each row."""

    group: str
    """`RAW`, `QUOTED`, or a type of numpy for numbers."""
    start: int
    """Of its texts in the group."""
    step: int = 1
    """From row to row."""
    rows: Numbers | None = None
    """Where they don't lie row by row: which of the texts from `start` on is each row's."""
    longest: int = 0
    """Bytes of the longest of them, where rows share texts."""


class Texts(NamedTuple):
    """Texts that lie one after another, each with one more byte behind it, such as a comma."""

    data: Any
    ends: Ends
    """Where the first begins, and where each ends, with that byte."""

    def joined(self, lengths: Ends) -> pa.Array:
        """Give runs of so many texts, with that byte between them, as the even elements of a column."""
        last = np.concatenate(([0], np.cumsum(lengths)))
        begin = self.ends[last[:-1]]
        return between(self.data, begin, np.where(lengths > 0, self.ends[last[1:]] - 1, begin))

    def single(self) -> pa.Array:
        """Give the texts as the even elements of a column."""
        return between(self.data, self.ends[:-1], self.ends[1:] - 1)


class PiecedRows(NamedTuple):
    """Rows whose pieces are found, and not yet put together."""

    pool: pa.Array
    chosen: npt.NDArray[np.int32]
    """Which of the pool each piece of each row is."""

    def texts(self, start: int, stop: int) -> Texts:
        """Return rows `start` to `stop` as texts, each put together from its pieces."""
        count, pieces = (stop - start) * self.chosen.shape[1], self.chosen.shape[1]
        indices = pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(self.chosen)], 0, start * pieces)
        joined = pc.take(self.pool, indices, boundscheck=False)
        ends = np.frombuffer(joined.buffers()[1], np.int32, count + 1, joined.offset * 4)[::pieces]
        return Texts(joined.buffers()[2], ends.astype(np.int64))

    def take(self, rows: Sequence[int]) -> PiecedRows:
        """Give these rows alone."""
        return PiecedRows(self.pool, np.ascontiguousarray(self.chosen[list(rows)]))


def between(data: Any, begin: Ends, end: Ends) -> pa.Array:
    """Give texts that lie in this order in `data` as the even elements of a column; what lies between them is odd."""
    offsets = np.empty(2 * len(begin), np.int32)
    offsets[0::2] = begin
    offsets[1::2] = end
    return pa.StringArray.from_buffers(max(len(offsets) - 1, 0), pa.py_buffer(offsets), pa.py_buffer(data))


def number_texts(values: Numbers) -> Texts:
    """Write finite numbers, or lists of two of them, as orjson does."""
    data = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    if not len(values):
        return Texts(data, np.ones(1, np.int64))
    bytes_ = np.frombuffer(data, np.uint8)
    if values.ndim == 1:
        starts = np.flatnonzero(bytes_ == ord(",")) + 1
        return Texts(data, np.concatenate(([1], starts, [len(data)])))
    starts = np.flatnonzero(bytes_ == ord("["))
    return Texts(data, np.concatenate((starts[1:], [len(data)])))


class TextPool:
    """Gathers the texts of a batch."""

    def __init__(self) -> None:
        self._texts: dict[str, list[pa.Array]] = {RAW: [], QUOTED: []}
        self._numbers: dict[str, list[pa.Array]] = {}
        self._counts: dict[str, int] = {}

    def add(self, group: str, texts: pa.Array, step: int = 1, *, is_shared: bool = False) -> Leaf:
        """Take in a column of texts; what is in the place of a null is masked by whoever uses it.

        Args:
            group: `RAW` or `QUOTED`.
            texts: the column.
            step: 2 where only even elements are rows.
            is_shared: whether rows share them.

        """
        if texts.null_count:
            texts = pa.Array.from_buffers(texts.type, len(texts), [None, *texts.buffers()[1:]], 0, texts.offset)
        self._texts[group].append(texts)
        longest = int(pc.max(pc.binary_length(texts)).as_py() or 0) if is_shared else 0
        return Leaf(group, self._counted(group, len(texts)), step, longest=longest)

    def add_numbers(self, values: pa.Array) -> Leaf:
        """Take in numbers, whose text each is an even element of the pool."""
        group = str(values.type)
        self._numbers.setdefault(group, []).append(values)
        return Leaf(group, 2 * self._counted(group, len(values)), 2)

    def bare_numbers(self, leaf: Leaf) -> Texts | None:
        """Give the texts of a leaf's numbers, where they are all that the pool has of their kind."""
        found = self._numbers.get(leaf.group, [])
        return _written(found) if len(found) == 1 else None

    def _counted(self, group: str, more: int) -> int:
        start = self._counts.get(group, 0)
        self._counts[group] = start + more
        return start

    def column(self, constants: Sequence[str]) -> Pooled:
        """Give all as one column.

        Args:
            constants: texts that come first.

        Raises:
            NotPlainError: a text isn't UTF-8.

        """
        arrays = [pa.array(constants, pa.string())]
        starts, count = dict[str, int](), len(constants)

        def append(group: str, more: Iterable[pa.Array]) -> None:
            nonlocal count
            starts[group] = count
            for array in more:
                arrays.append(array)
                count += len(array)

        append(RAW, self._texts[RAW])
        for group, values in self._numbers.items():
            append(group, [_written(values).single()])
        append(QUOTED, self._texts[QUOTED])
        pool = pa.concat_arrays(arrays)
        replaced = None
        if count > starts[QUOTED]:
            pool, replaced = _escaped(pool, starts[QUOTED])
        return Pooled(pool, starts, replaced)


class Pooled(NamedTuple):
    """A pool that is complete."""

    column: pa.Array
    starts: dict[str, int]
    """Of its groups."""
    replaced: npt.NDArray[np.int32] | None
    """What to take instead of each element, where some had to be escaped."""


def _written(arrays: Sequence[pa.Array]) -> Texts:
    """Write numbers.

    Raises:
        NotPlainError: one of them isn't finite.

    """
    texts = number_texts(np.concatenate(list(map(numbers, arrays))))
    # In place of a null there may be anything.
    if b"null" in texts.data and any(map(not_finite, arrays)):
        raise NotPlainError("a number isn't finite")
    return texts


def _escaped(pool: pa.Array, start: int) -> tuple[pa.Array, npt.NDArray[np.int32] | None]:
    """Look at the texts from `start` on, and append what those become that hold what JSON escapes."""
    quoted = pool.slice(start)
    ends, data = string_buffers(quoted)
    if not data.size:
        return pool, None
    if data.max() > _DELETE:
        try:
            quoted.validate(full=True)
        except pa.ArrowInvalid as error:
            raise NotPlainError(str(error)) from error
    special = _special(data)
    if not special.size:
        return pool, None
    # Of empty texts, which end where they begin, the search gives the last, which is not empty.
    found = distinct(np.searchsorted(ends, special + ends[0], side="right") - 1)
    texts = quoted.take(pa.array(found, pa.int64())).to_pylist()
    made = pa.array([orjson.dumps(text)[1:-1] for text in texts], pa.string())
    replaced = np.arange(len(pool), dtype=np.int32)
    replaced[start + found] = np.arange(len(pool), len(pool) + len(made))
    return pa.concat_arrays([pool, made]), replaced


def _special(data: Bytes) -> Ends:
    """Find the bytes that JSON escapes in texts."""
    blocks = (data[start : start + _BLOCK].tobytes() for start in range(0, data.size, _BLOCK))
    if data.min() >= _SPACE and not any(_QUOTE in block or _BACKSLASH in block for block in blocks):
        return np.empty(0, np.int64)
    return np.flatnonzero((data < _SPACE) | (data == _QUOTE[0]) | (data == _BACKSLASH[0]))
