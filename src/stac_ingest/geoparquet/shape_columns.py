"""GeoJSON to a column of Well-Known Binary, and the GeoJSON itself where that holds less of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from stac_ingest.geoparquet.geo_metadata import Outline
from stac_ingest.geoparquet.plain_shapes import plain_shapes


class Shapes(NamedTuple):
    """A column of geometries."""

    column: pa.Array
    originals: pa.Array | None
    """JSON, where the column holds less than what was given; None where it holds all."""
    outline: Outline


def shapes_of(name: str, values: Sequence[Any], *, strict: bool) -> Shapes:
    """Make a column of geometries.

    Args:
        name: of the column.
        values: GeoJSON geometries, or None.
        strict: refuse what is no geometry; else it is kept as JSON, and its geometry is null.

    Raises:
        ItemError: `strict`, and a value is no geometry.

    """
    plain = plain_shapes(values)
    if plain is not None:
        return Shapes(plain.column, None, plain.outline)
    from stac_ingest.geoparquet.geos_shapes import geos_shapes  # noqa: PLC0415 - GEOS is for what isn't plain

    return geos_shapes(name, values, strict=strict)
