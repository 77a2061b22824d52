"""GeoJSON to a column of Well-Known Binary, and the GeoJSON itself where that holds less of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stac_ingest.geoparquet.plain_shapes import Shapes, plain_shapes


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
        return plain
    from stac_ingest.geoparquet.geos_shapes import geos_shapes  # noqa: PLC0415 - GEOS is for what isn't plain

    return geos_shapes(name, values, strict=strict)
