"""Boxes of items to a column with a number for each side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.json_text import json_column
from stac_ingest.geoparquet.plain_shapes import EXACT

FLAT_SIDES = ("xmin", "ymin", "xmax", "ymax")
SOLID_SIDES = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
_NUMBERS = {int, float}


class Boxes(NamedTuple):
    """A column of boxes."""

    column: pa.Array
    """Structs of `FLAT_SIDES` or `SOLID_SIDES`; heights are null in those that have none."""
    originals: pa.Array | None
    """JSON, where the column holds less than what was given; None where it holds all."""


def boxes_of(values: Sequence[Any]) -> Boxes:
    """Make a column of boxes.

    Args:
        values: lists of four or six numbers, or None.

    Raises:
        ItemError: a value is something else.

    """
    flat = _flat_boxes(values)
    return _boxes(values) if flat is None else Boxes(flat, None)


def _flat_boxes(values: Sequence[Any]) -> pa.Array | None:
    """Make a column of boxes without heights; None where there is something else among the values."""
    if not (set(map(type, values)) <= {list} and set(map(len, values)) <= {len(FLAT_SIDES)}):
        return None
    numbers = list(chain.from_iterable(values))
    if not set(map(type, numbers)) <= _NUMBERS:
        return None
    try:
        sides = np.array(numbers, np.float64).reshape(-1, len(FLAT_SIDES)).T
    except OverflowError:
        return None
    if not (np.abs(sides) < EXACT).all():  # nor is NaN
        return None
    # Not `pa.array`, which imports NumPy's masked arrays to see whether these are some.
    buffers = [pa.py_buffer(np.ascontiguousarray(side)) for side in sides]
    columns = [pa.Array.from_buffers(pa.float64(), len(values), [None, buffer]) for buffer in buffers]
    return pa.StructArray.from_arrays(columns, FLAT_SIDES)


def _boxes(values: Sequence[Any]) -> Boxes:
    rows: list[list[Any]] = []
    for value in values:
        if value is None:
            rows.append([None] * 6)
            continue
        if not isinstance(value, list) or len(value) not in {4, 6} or not set(map(type, value)) <= _NUMBERS:
            raise _no_box(value)
        rows.append([*value[:2], None, *value[2:], None] if len(value) == 4 else value)  # noqa: PLR2004 - without heights
    try:
        floats = [[None if number is None else float(number) for number in row] for row in rows]
    except OverflowError:
        raise _no_box(values) from None
    sides = dict(zip(SOLID_SIDES, zip(*floats, strict=True), strict=True))
    for numbers in sides.values():
        wrong = [row for row, number in enumerate(numbers) if number is not None and not math.isfinite(number)]
        if wrong:
            raise _no_box(values[wrong[0]])
    names = SOLID_SIDES if any(number is not None for number in sides["zmin"]) else FLAT_SIDES
    missing = pa.array([value is None for value in values])
    column = pa.StructArray.from_arrays([pa.array(sides[name], pa.float64()) for name in names], names, mask=missing)
    if floats == rows:
        return Boxes(column, None)
    originals = [None if one == other else value for value, one, other in zip(values, rows, floats, strict=True)]
    return Boxes(column, json_column(originals))


def _no_box(value: Any) -> ItemError:
    return ItemError(f"its bbox is {value!r:.60}, expected 4 or 6 numbers")
