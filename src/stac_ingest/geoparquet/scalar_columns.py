"""Columns of plain values to Python values, as JSON has them."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stac_ingest.geoparquet.json_text import parse_json_text

Bytes: TypeAlias = npt.NDArray[np.uint8]

UNREADABLE = (UnicodeDecodeError, OverflowError, pa.ArrowException)
"""What a text that isn't UTF-8, or a time that Python doesn't have, is met with by Python and by Arrow."""

_WRAPPED = (pa.ExtensionArray, pa.DictionaryArray, pa.RunEndEncodedArray)

_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def decode_storage(array: pa.Array) -> pa.Array:
    """Give the plain column behind a dictionary, runs, or an extension type (but JSON)."""
    while isinstance(array, _WRAPPED) and not _is_json(array.type):
        if isinstance(array, pa.ExtensionArray):
            array = _stored(array)
        elif isinstance(array, pa.DictionaryArray):
            array = array.dictionary_decode()
        elif isinstance(array, pa.RunEndEncodedArray):
            array = pc.run_end_decode(array)
        else:
            break
    return array


def not_finite(array: pa.Array) -> list[int]:
    """Give the indices of floats that JSON has no number for: NaN and infinity."""
    if not pa.types.is_floating(array.type) or not len(array):
        return []
    values = numbers(array)
    if math.isfinite(values.min()) and math.isfinite(values.max()):
        return []
    found = pc.and_(array.is_valid(), pc.invert(pc.is_finite(array)))
    return [index for index, odd in enumerate(found.to_pylist()) if odd]


def without(array: pa.Array, rows: list[int]) -> pa.Array:
    """Make some values of a column null."""
    gone = np.zeros(len(array), np.bool_)
    gone[rows] = True
    return pc.if_else(pa.array(gone.tolist(), pa.bool_()), None, array)


def python_values(array: pa.Array) -> list[Any]:  # noqa: PLR0911 - one way out for each kind of value
    """Give the values of a column that have no members; in the place of a null there may be anything.

    Raises:
        UNREADABLE: a text isn't UTF-8, a time is beyond all calendars, or a value can't be had in Python.

    """
    kind, types = array.type, pa.types
    if types.is_string(kind) or types.is_large_string(kind):
        return _list(array)
    if types.is_float64(kind) or types.is_integer(kind):
        return numbers(array).tolist() if len(array) else []
    if types.is_floating(kind):
        return python_values(widened(array))
    if types.is_boolean(kind):
        return _list(array)
    if types.is_timestamp(kind):
        return [None if text is None else text + "Z" for text in _list(time_texts(array))]
    if types.is_date(kind) or types.is_time(kind):
        return _list(time_texts(array))
    if types.is_duration(kind) and kind.unit == "ns":  # Arrow gives these with pandas alone
        return [None if ticks is None else ticks / _SECOND["ns"] for ticks in array.cast(pa.int64()).to_pylist()]
    if _is_json(kind):
        return [None if text is None else parse_json_text(text) for text in array.storage.to_pylist()]
    return [None if value is None else _simple(value) for value in array.to_pylist()]


def widened(array: pa.Array) -> pa.Array:
    """Give floats of fewer bits as those of 64 that are written the same way, and other numbers as they are."""
    if pa.types.is_integer(array.type) or pa.types.is_float64(array.type):
        return array
    # 0.1 as a 32-bit float is to be 0.1, as whoever wrote it meant.
    return array.cast(pa.float32()).cast(pa.string()).cast(pa.float64())


def time_texts(array: pa.Array) -> pa.Array:
    """Write instants in UTC, without the Z behind them, days, or times of day.

    Raises:
        ArrowException: a time is beyond all calendars.

    """
    kind, types = array.type, pa.types
    if types.is_timestamp(kind):
        return _in_range(_instants(array))
    texts = _in_range(array.cast(pa.string()))
    return texts if types.is_date(kind) else _times_of_day(texts)


def decimals(array: pa.Array) -> tuple[list[Any], list[int]]:
    """Give decimals as integers or floats, and the indices of those that no float equals."""
    values, rounded = list[Any](), list[int]()
    for index, exact in enumerate(array.to_pylist()):
        number: Any = exact
        if exact is not None:
            whole = array.type.scale <= 0
            number = int(exact) if whole else float(exact)
            if not whole and Decimal(repr(number)) != exact:
                rounded.append(index)
        values.append(number)
    return values, rounded


def readable_values(array: pa.Array) -> tuple[list[Any], list[int]]:
    """Give the values of a column one by one, and the indices of those that can't be read, which are null."""
    values, broken = list[Any](), list[int]()
    for index in range(len(array)):
        try:
            values += python_values(array.slice(index, 1))
        except UNREADABLE:
            values.append(None)
            broken.append(index)
    return values, broken


def is_constant(array: pa.Array) -> bool:
    """Tell whether all rows have one value; False too where it would cost much to know.

    Titles, media types and the like are the same in every item. Whole buffers are compared as bytes.
    """
    rows, kind = len(array), array.type
    if not rows or array.null_count:
        return False
    if pa.types.is_string(kind):
        _, offsets, data = array.buffers()
        ends = memoryview(offsets).cast("i")[array.offset : array.offset + rows + 1]
        start, stop, width = ends[0], ends[-1], ends[1] - ends[0]
        if stop - start != width * rows:
            return False
        return width == 0 or (_repeats(data, start, width, rows) and ends.tobytes() == _steps(start, width, rows))
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        width = kind.byte_width
        return _repeats(array.buffers()[1], array.offset * width, width, rows)
    return False


def numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Give the numbers of a column, or the ticks of its instants, where they lie.

    Those in the place of nulls mean nothing.
    """
    kind = array.type
    numpy_kind = np.int64 if pa.types.is_timestamp(kind) else kind.to_pandas_dtype()
    return np.frombuffer(array.buffers()[1], numpy_kind, len(array), array.offset * (kind.bit_width // 8))


def indices(rows: npt.NDArray[np.int64]) -> pa.Array:
    """Give row numbers as a column to take by."""
    # Not `pa.array`, which imports pandas to see whether this is a series: 45 MB of memory for nothing.
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(np.ascontiguousarray(rows))])


def string_buffers(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Give the offsets of a string column and the bytes between the first and the last of them, without copying."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4)
    start, stop = int(ends[0]), int(ends[-1])
    return ends, np.frombuffer(data, np.uint8, stop - start, start) if stop > start else np.empty(0, np.uint8)


def _list(array: pa.Array) -> list[Any]:
    # Not `to_numpy`, which imports pandas too.
    values: list[Any] = array.to_pylist()
    return values


def _repeats(buffer: pa.Buffer, start: int, width: int, rows: int) -> bool:
    """Tell whether the bytes from `start` on are the same for each row."""
    values = memoryview(buffer)[start : start + width * rows]
    first = values[:width].tobytes()
    return first == values[-width:].tobytes() and values.tobytes() == first * rows


def _steps(start: int, width: int, rows: int) -> bytes:
    return np.arange(start, start + width * rows + 1, width, dtype=np.int32).tobytes()


def _in_range(texts: pa.Array) -> pa.Array:
    """Refuse what Arrow writes in place of a time that no calendar has."""
    if pc.any(pc.starts_with(texts, "<value")).as_py():
        raise pa.ArrowInvalid("a time is beyond all calendars")
    return texts


def _instants(array: pa.Array) -> pa.Array:
    """Write instants in UTC with as many digits as they need: none, 3, 6 or 9."""
    unit = array.type.unit
    naive = array.cast(pa.timestamp(unit))  # drops the zone; the values are UTC already
    ticks = numbers(naive)
    text = naive.cast(pa.string())
    for coarser in [name for name in ("us", "ms", "s") if _SECOND[name] < _SECOND[unit]]:
        exact = ticks % (_SECOND[unit] // _SECOND[coarser]) == 0
        if not exact.any():
            break
        short = naive.cast(pa.timestamp(coarser), safe=False).cast(pa.string())
        text = short if exact.all() else pc.if_else(pa.array(exact.tolist()), short, text)
    return pc.replace_substring(text, " ", "T", max_replacements=1)


def _times_of_day(texts: pa.Array) -> pa.Array:
    """Leave as many digits of the second as a time needs: none, 3, 6 or 9."""
    shorter = pc.replace_substring_regex(texts, r"\.000(?:000)*$", "")
    return pc.replace_substring_regex(shorter, r"(\.(?:\d{3})+?)(?:000)+$", r"\1")


def _stored(array: pa.ExtensionArray) -> pa.Array:
    kind = array.type
    if isinstance(kind, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    return array.storage.cast(pa.bool_()) if isinstance(kind, pa.Bool8Type) else array.storage


def _is_json(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.JsonType)


def _simple(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, default=_odd))


def _odd(value: Any) -> Any:
    """Give a value that JSON has no form for as text."""
    if isinstance(value, bytes):
        return value.hex()
    return value.total_seconds() if isinstance(value, dt.timedelta) else str(value)
