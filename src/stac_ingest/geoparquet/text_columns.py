"""Columns of JSON texts, of which the rows of a batch become lines without an object being made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from stac_ingest.core.distinct import distinct
from stac_ingest.core.finite import is_finite
from stac_ingest.geoparquet.json_text import parse_json_text
from stac_ingest.geoparquet.row_template import (
    MAX_UNROLLED,
    Array,
    Column,
    Columns,
    Constant,
    Lengths,
    RowTemplate,
    constant,
)
from stac_ingest.geoparquet.scalar_columns import (
    UNREADABLE,
    decode_storage,
    is_constant,
    numbers,
    python_values,
    time_texts,
    widened,
)
from stac_ingest.geoparquet.text_pieces import Mask, Piece, Pieces
from stac_ingest.geoparquet.text_pool import (
    MAX_BYTES,
    QUOTED,
    RAW,
    Leaf,
    NotPlainError,
    PiecedRows,
    Pooled,
    TextPool,
    Texts,
)


class TextColumns(Columns):
    """Columns of texts. Where a value comes otherwise than it is stored, a `NotPlainError` ends the work."""

    def __init__(self, rows: int, path: tuple[str, ...] = (), *, keeps_nulls: bool = False) -> None:
        super().__init__(rows, path, keeps_nulls=keeps_nulls)
        self.pool = TextPool()
        self._columns: list[Sequence[Piece]] = []
        self._flags: dict[int, Mask] = {}
        self._truths: Leaf | None = None

    def alter(self, rows: Iterable[int], what: str) -> None:
        """Refuse the batch, if there is such a row."""
        if any(True for _ in rows):
            raise NotPlainError(f"{'.'.join(self.path)}: {what}")

    def add(self, values: Iterable[Any]) -> Column:
        return self.add_pieces(self.pool.add(RAW, pa.array(list(map(_encoded, values)), pa.string())))

    def add_pieces(self, *pieces: Piece) -> Column:
        """Take in a column of these pieces."""
        self._columns.append(pieces)
        return Column(len(self._columns) - 1)

    def add_plain(self, array: pa.Array) -> RowTemplate:
        try:
            return self._constant(array) if is_constant(array) else self._add_plain(array)
        except UNREADABLE as error:
            raise NotPlainError(str(error)) from error

    def _constant(self, array: pa.Array) -> RowTemplate:
        value = array[0].as_py()
        if isinstance(value, float) and not math.isfinite(value):
            raise NotPlainError("a number isn't finite")
        return constant(value)

    def _add_plain(self, array: pa.Array) -> RowTemplate:  # noqa: PLR0911 - one way out for each kind of value
        kind, types = array.type, pa.types
        if types.is_floating(kind) or types.is_integer(kind):
            return self.add_pieces(self.pool.add_numbers(widened(array)))
        if types.is_dictionary(kind):
            return self._add_dictionary(array)
        if types.is_boolean(kind):
            return self._add_truths(array)
        if isinstance(kind, pa.JsonType):
            return self._add_json(array.storage)
        if types.is_string(kind) or types.is_large_string(kind):
            return self.add_pieces('"', self.pool.add(QUOTED, array.cast(pa.string())), '"')
        if not (types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind)):
            return self.add(python_values(array))
        return self.add_pieces('"', self.pool.add(RAW, time_texts(array)), 'Z"' if types.is_timestamp(kind) else '"')

    def _add_truths(self, array: pa.Array) -> RowTemplate:
        if self._truths is None:
            self._truths = self.pool.add(RAW, pa.array(["false", "true"], pa.string()), is_shared=True)
        return self.add_pieces(self._truths._replace(rows=_bits(array, 1).astype(np.int32)))

    def _add_dictionary(self, array: pa.DictionaryArray) -> RowTemplate:
        rows = numbers(array.indices).astype(np.int32)
        if array.null_count:
            rows = np.where(_bits(array, 0), rows, 0)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(array.dictionary):
            raise NotPlainError("a dictionary doesn't hold all values")
        texts = self.pool.add(QUOTED, array.dictionary, is_shared=True)
        return self.add_pieces('"', texts._replace(rows=rows), '"')

    def _add_json(self, texts: pa.Array) -> RowTemplate:
        """Take in values that are given as JSON, each once that comes again and again."""
        encoded: dict[str | None, bytes] = {None: b"null"}
        values = []
        for text in texts.to_pylist():
            if (value := encoded.get(text)) is None:
                value = encoded[text] = _encoded(parse_json_text(text))
            values.append(value)
        return self.add_pieces(self.pool.add(RAW, pa.array(values, pa.string())))

    def add_flags(self, flags: list[bool]) -> Column:
        column = self.add_pieces()
        self._flags[column.number] = np.array(flags, np.bool_)
        return column

    def add_valid(self, array: pa.Array) -> Column:
        column = self.add_pieces()
        has_bits = array.buffers()[0] is not None  # of nulls alone and unions, it hasn't
        self._flags[column.number] = _bits(array, 0) if has_bits else np.array(array.is_valid().to_pylist(), np.bool_)
        return column

    def flags(self, column: Column) -> list[bool]:
        flags: list[bool] = self._flags[column.number].tolist()
        return flags

    def add_lists(self, parts: TextColumns, template: RowTemplate, lengths: Lengths) -> RowTemplate:
        length = int(lengths[0]) if len(lengths) else 0
        if isinstance(template, Constant) and length <= MAX_UNROLLED and (lengths == length).all():
            return Array((template,) * length)
        texts = parts.texts(template, ",").joined(lengths)
        return self.add_pieces("[", self.pool.add(RAW, texts, 2), "]")

    def add_maps(self, keys: pa.Array, parts: TextColumns, member: Array, lengths: Lengths) -> Column:
        codes = numbers(keys.dictionary_encode().indices).astype(np.int64)
        places = codes * max(len(lengths), 1) + np.repeat(np.arange(len(lengths)), lengths)
        if len(distinct(places)) != len(places):
            raise NotPlainError("an object has two members of one name")
        name, value = member.elements
        texts = parts.texts(name, ":", value, ",").joined(lengths)
        return self.add_pieces("{", self.pool.add(RAW, texts, 2), "}")

    def plain(self, array: pa.Array) -> pa.Array:
        if isinstance(array, pa.DictionaryArray) and pa.types.is_string(array.type.value_type):
            # A null of the dictionary is none of the column.
            return decode_storage(array) if array.dictionary.null_count else array
        return decode_storage(array)

    def not_finite(self, array: pa.Array) -> list[int]:  # noqa: ARG002 - texts of numbers are looked at
        return []

    def unrolls(self, kind: pa.DataType) -> bool:
        # Numbers are written together, and so lists of them are there already.
        return not (pa.types.is_integer(kind) or pa.types.is_floating(kind))

    def texts(self, *parts: RowTemplate | str) -> Texts:
        """Make what templates say, row by row.

        Args:
            parts: templates, and what comes between them and behind the last, which is one byte.

        Raises:
            NotPlainError: the batch isn't known to come out the same, or is too large.

        """
        if not self._count:
            return Texts(b"", np.zeros(1, np.int64))
        *_, end = parts
        if len(parts) == 2 and isinstance(parts[0], Column) and end == ",":  # noqa: PLR2004 - a template alone
            leaf = self._columns[parts[0].number]
            found = self.pool.bare_numbers(leaf[0]) if len(leaf) == 1 and isinstance(leaf[0], Leaf) else None
            if found is not None:
                return found
        return self.pieced(*parts).texts(0, self._count)

    def pieced(self, *parts: RowTemplate | str) -> PiecedRows:
        """Find the pieces of what templates say; see `texts`."""
        made = Pieces(self._columns, self._flags)
        for part in parts:
            if isinstance(part, str):
                made.put_piece(part)
            else:
                made.put(part)
        constants = {"": 0}
        for piece in made.pieces:
            if isinstance(piece, str):
                constants.setdefault(piece, len(constants))
        pool = self.pool.column(list(constants))
        leaves = [piece for piece in made.pieces if isinstance(piece, Leaf)]
        per_row = sum(leaf.longest for leaf in leaves) + 4 * sum(
            len(piece) for piece in made.pieces if isinstance(piece, str)
        )
        if pool.column.nbytes + per_row * self._count > MAX_BYTES:
            raise NotPlainError("the texts are too long to be made at once")
        chosen = self._chosen(made.pieces, pool, constants)
        _leave_out(chosen, made.masks)
        return PiecedRows(pool.column, chosen)

    def _chosen(self, pieces: Sequence[Piece], pool: Pooled, constants: dict[str, int]) -> npt.NDArray[np.int32]:
        """Find each piece of each row in the pool."""
        first, steps = np.empty(len(pieces), np.int32), np.zeros(len(pieces), np.int32)
        for number, piece in enumerate(pieces):
            if isinstance(piece, str):
                first[number] = constants[piece]
            else:
                first[number] = pool.starts[piece.group] + piece.start
                steps[number] = piece.step if piece.rows is None else 0
        chosen = first + steps * np.arange(self._count, dtype=np.int32)[:, None]
        for number, piece in enumerate(pieces):
            if isinstance(piece, Leaf) and piece.rows is not None:
                chosen[:, number] += piece.rows
        return chosen if pool.replaced is None else pool.replaced[chosen]


def _leave_out(chosen: Any, masks: Sequence[Mask | None]) -> None:
    """Put the empty text in place of pieces, in the rows that don't have them."""
    start = 0
    for number in range(1, len(masks) + 1):
        mask = masks[start]
        if number < len(masks) and masks[number] is mask:
            continue
        if mask is not None:
            chosen[~mask, start:number] = 0
        start = number


def _bits(array: pa.Array, number: int) -> Mask:
    """Give the bits of a buffer of an array: its values, or which of them are there."""
    buffer = array.buffers()[number]
    if buffer is None:
        return np.ones(len(array), np.bool_)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little", count=array.offset + len(array))
    return bits[array.offset :].view(np.bool_)


def _encoded(value: Any) -> bytes:
    try:
        text = orjson.dumps(value)
    except TypeError as error:
        raise NotPlainError(str(error)) from error
    if b"null" in text and not is_finite(value):
        raise NotPlainError("a number isn't finite")
    return text
