"""Columns of geometries to GeoJSON text, whose numbers are written together."""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa

from stac_ingest.geoparquet.geometry_columns import shapes_of
from stac_ingest.geoparquet.geometry_encodings import WKB
from stac_ingest.geoparquet.row_template import Column
from stac_ingest.geoparquet.text_columns import TextColumns
from stac_ingest.geoparquet.text_pool import RAW, number_texts
from stac_ingest.geoparquet.wkb import Form, Group, planned

_EMPTY = 0


def add_geometries(
    columns: TextColumns, column: pa.Array, encoding: str, measured: list[int]
) -> tuple[Column, list[int]]:
    """Take in a column of geometries as GeoJSON; null for null.

    Args:
        columns: takes it.
        column: of geometries.
        encoding: as `encoding_of` gives it.
        measured: takes the numbers of rows whose measures are left out.

    Returns:
        The column, and the numbers of the rows that hold no geometry with finite coordinates.

    """
    if encoding != WKB:
        shapes, wrong = shapes_of(column, encoding, measured)
        return columns.add(shapes), wrong
    plan, others = planned(column, measured)
    wrong = [row for row, text in others.items() if text is None]
    if len(plan.groups) == 1 and len(plan.groups[0].rows) == len(column):
        start, end = _around(plan.groups[0].form)
        return columns.add_pieces(start, columns.pool.add(RAW, _points(plan.groups[0]), 2), end), wrong
    # What is in front of the points, these, and what is behind them; of other geometries, these are all of it.
    rest = columns.pool.add(RAW, pa.array(["", "null"], pa.string()))
    before, points, after = (np.full(len(column), _EMPTY, np.int32) for _ in range(3))
    points += 1
    longest = 0
    for group in plan.groups:
        around = columns.pool.add(RAW, pa.array(_around(group.form), pa.string()), is_shared=True)
        made = columns.pool.add(RAW, _points(group), 2)
        before[group.rows] = around.start - rest.start
        after[group.rows] = around.start - rest.start + 1
        points[group.rows] = made.start - rest.start + 2 * np.arange(len(group.rows))
        longest = max(longest, around.longest)
    found = {row: orjson.dumps(orjson.loads(text)) for row, text in others.items() if text is not None}
    if found:
        made = columns.pool.add(RAW, pa.array(list(found.values()), pa.string()))
        points[list(found)] = made.start - rest.start + np.arange(len(found))
    pieces = [rest._replace(rows=rows, longest=longest) for rows in (before, points, after)]
    return columns.add_pieces(*pieces), wrong


def _around(form: Form) -> tuple[str, str]:
    depth = form.depth + form.counted
    return f'{{"type":"{form.name}","coordinates":{"[" * depth}', "]" * depth + "}"


def _points(group: Group) -> pa.Array:
    return number_texts(group.coordinates.reshape(-1, 2)).joined(group.counts)
