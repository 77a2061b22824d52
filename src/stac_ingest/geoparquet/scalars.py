"""Columns of plain values to JSON text."""

from __future__ import annotations

import datetime as dt
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
_CONTROL, _QUOTE, _BACKSLASH = 0x20, 0x22, 0x5C


def scalar_parts(array: pa.Array) -> list[Part]:  # noqa: PLR0911 - one way out for each kind of value
    """Write values that have no members and are not null."""
    kind, types = array.type, pa.types
    if types.is_string(kind):
        return ['"', _escaped(array), '"']
    if types.is_large_string(kind) or types.is_string_view(kind):
        return ['"', _escaped(array.cast(pa.string())), '"']
    if types.is_floating(kind):
        return [_floats(array)]
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_decimal(kind):
        return [array.cast(pa.string())]
    if types.is_timestamp(kind):
        return ['"', _instants(array), 'Z"']
    if types.is_date(kind) or types.is_time(kind):
        return ['"', array.cast(pa.string()), '"']
    return [pa.array([orjson.dumps(value, default=_odd).decode() for value in array.to_pylist()], pa.string())]


def constant(array: pa.Array) -> str | None:
    """Write the value that all rows have; None where they differ, or where it would cost much to know.

    Titles, media types and the like are the same in every item, and a literal is joined faster than a column of them.
    """
    if not len(array) or array.null_count or not _is_constant(array):
        return None
    return orjson.dumps(array[0].as_py()).decode()


def _is_constant(array: pa.Array) -> bool:
    rows, kind = len(array), array.type
    if pa.types.is_string(kind):
        ends, data = string_buffers(array)
        width = int(ends[1] - ends[0])
        if data.size != width * rows:
            return False
        return width == 0 or (_all_alike(data.reshape(rows, width)) and bool((ends[1:] - ends[:-1] == width).all()))
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        values = _numbers(array)
        return bool(values[0] == values[-1] and (values == values[0]).all())
    return False


def _numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Give the numbers of a column where they lie; those in the place of nulls mean nothing."""
    kind = array.type
    return np.frombuffer(array.buffers()[1], kind.to_pandas_dtype(), len(array), array.offset * (kind.bit_width // 8))


def string_buffers(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Give the offsets of a string column and the bytes between the first and the last of them, without copying."""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4)
    start, stop = int(ends[0]), int(ends[-1])
    return ends, np.frombuffer(data, np.uint8, stop - start, start) if stop > start else np.empty(0, np.uint8)


def _all_alike(rows: Bytes) -> bool:
    first = rows[0]
    return bool((rows[-1] == first).all() and (rows == first).all())


def _escaped(array: pa.Array) -> pa.Array:
    if not len(array):
        return array
    _, data = string_buffers(array)
    if not data.size:
        return array
    # Null slots may hold bytes of their own; escaping for those is harmless.
    if (data == _BACKSLASH).any():
        array = pc.replace_substring(array, "\\", "\\\\")
    if (data == _QUOTE).any():
        array = pc.replace_substring(array, '"', '\\"')
    if data.min() < _CONTROL:
        for code in np.unique(data[data < _CONTROL]).tolist():
            array = pc.replace_substring(array, chr(code), f"\\u{code:04x}")
    return array


def _floats(array: pa.Array) -> pa.Array:
    """Write floats so that they are read back as floats; what JSON has no number for is null."""
    if not len(array):
        return array.cast(pa.string())
    values = _numbers(array)
    text = (array.cast(pa.float32()) if pa.types.is_float16(array.type) else array).cast(pa.string())
    if (np.trunc(values) == values).any():
        fractional = pc.match_substring_regex(text, "[.en]")
        text = pc.if_else(fractional, text, pc.binary_join_element_wise(text, ".0", ""))
    if not np.isfinite(values).all():
        text = pc.if_else(pc.is_finite(array), text, "null")
    return text


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


def _odd(value: Any) -> Any:
    """Give a value that JSON has no form for as text."""
    if isinstance(value, bytes):
        return value.hex()
    return value.total_seconds() if isinstance(value, dt.timedelta) else str(value)
