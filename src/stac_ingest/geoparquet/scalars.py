"""Columns of plain values to JSON text."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Part: TypeAlias = str | pa.Array
"""A piece of JSON text: the same for every row, or one string a row."""

Bytes: TypeAlias = npt.NDArray[np.uint8]

_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_CONTROL = 0x20


def scalar_parts(array: pa.Array) -> list[Part]:  # noqa: PLR0911 - one way out for each kind of value
    """Write values that have no members and are not null."""
    kind, types = array.type, pa.types
    if types.is_string(kind):
        return ['"', _escaped(array), '"']
    if types.is_large_string(kind):
        return ['"', _escaped(array.cast(pa.string())), '"']
    if types.is_floating(kind):
        return [_floats(array)]
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind):
        return [array.cast(pa.string())]
    if types.is_timestamp(kind):
        return ['"', _instants(array), 'Z"']
    if types.is_date(kind) or types.is_time(kind):
        return ['"', array.cast(pa.string()), '"']
    if is_json(kind):
        return [pa.array([_checked_json(value) for value in array.storage.to_pylist()], pa.string())]
    return [pa.array([orjson.dumps(value, default=_odd).decode() for value in array.to_pylist()], pa.string())]


def constant(array: pa.Array) -> str | None:
    """Write the value that all rows have; None where they differ, or where it would cost much to know.

    Titles, media types and the like are the same in every item, and a literal is joined faster than a column of them.
    """
    if not len(array) or array.null_count or not _is_constant(array):
        return None
    return orjson.dumps(array[0].as_py()).decode()


def without_nan(array: pa.Array) -> pa.Array:
    """Make floats null that JSON has no number for."""
    if not pa.types.is_floating(array.type) or not len(array):
        return array
    values = numbers(array)
    if math.isfinite(values.min()) and math.isfinite(values.max()):
        return array
    return pc.if_else(pc.is_finite(array), array, None)


def numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Give the numbers of a column where they lie; those in the place of nulls mean nothing."""
    kind = array.type
    return np.frombuffer(array.buffers()[1], kind.to_pandas_dtype(), len(array), array.offset * (kind.bit_width // 8))


def _is_constant(array: pa.Array) -> bool:
    # Whole buffers are compared as bytes. Numpy would let go of the interpreter lock for each column, and a thread that
    # wants it back from one that makes items waits for longer than the comparison takes.
    rows, kind = len(array), array.type
    if pa.types.is_string(kind):
        ends, data = string_buffers(array)
        width = int(ends[1] - ends[0])
        if data.size != width * rows:
            return False
        return width == 0 or (_repeats(data, width, rows) and ends.tobytes() == _steps(ends, width))
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return _repeats(numbers(array), 1, rows)
    return False


def _repeats(values: npt.NDArray[Any], width: int, rows: int) -> bool:
    first = values[:width].tobytes()
    return first == values[-width:].tobytes() and values.tobytes() == first * rows


def _steps(ends: npt.NDArray[np.int32], width: int) -> bytes:
    return np.arange(ends[0], ends[-1] + 1, width, dtype=np.int32).tobytes()


def string_buffers(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Give the offsets of a string column and the bytes between the first and the last of them, without copying."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4)
    start, stop = int(ends[0]), int(ends[-1])
    return ends, np.frombuffer(data, np.uint8, stop - start, start) if stop > start else np.empty(0, np.uint8)


def _escaped(array: pa.Array) -> pa.Array:
    if not len(array):
        return array
    _, data = string_buffers(array)
    if not data.size:
        return array
    raw = data.tobytes()
    if b"\\" in raw:
        array = pc.replace_substring(array, "\\", "\\\\")
    if b'"' in raw:
        array = pc.replace_substring(array, '"', '\\"')
    if data.min() < _CONTROL:
        for code in np.unique(data[data < _CONTROL]).tolist():
            array = pc.replace_substring(array, chr(code), f"\\u{code:04x}")
    return array


def _floats(array: pa.Array) -> pa.Array:
    """Write finite floats so that they are read back as floats, not as whole numbers."""
    text = (array.cast(pa.float32()) if pa.types.is_float16(array.type) else array).cast(pa.string())
    if not len(text) or string_buffers(text)[1].tobytes().count(b".") == len(text):
        return text
    return pc.if_else(pc.match_substring_regex(text, "[.e]"), text, pc.binary_join_element_wise(text, ".0", ""))


def _instants(array: pa.Array) -> pa.Array:
    """Write instants in UTC with as many digits as they need: none, 3, 6 or 9."""
    unit = array.type.unit
    naive = array.cast(pa.timestamp(unit))  # drops the zone; the values are UTC already
    ticks = naive.cast(pa.int64())
    text = naive.cast(pa.string())
    for coarser in [name for name in ("us", "ms", "s") if _SECOND[name] < _SECOND[unit]]:
        step = _SECOND[unit] // _SECOND[coarser]
        exact = pc.equal(pc.multiply(pc.divide(ticks, step), step), ticks)
        if not pc.any(exact, min_count=0).as_py():
            break
        short = naive.cast(pa.timestamp(coarser), safe=False).cast(pa.string())
        text = pc.if_else(exact, short, text)
    return pc.replace_substring(text, " ", "T", max_replacements=1)


def is_json(kind: pa.DataType) -> bool:
    """Tell whether a column holds JSON text by its own type."""
    return isinstance(kind, pa.JsonType)


def _checked_json(text: str) -> str:
    """Give JSON text as it is; as a string where it isn't JSON, since it goes into the text of an item."""
    try:
        orjson.loads(text)
    except ValueError:
        return orjson.dumps(text).decode()
    return text


def _odd(value: Any) -> Any:
    """Give a value that JSON has no form for as text."""
    if isinstance(value, bytes):
        return value.hex()
    return value.total_seconds() if isinstance(value, dt.timedelta) else str(value)
