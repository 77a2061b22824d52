"""Small items all over the world, many in a few places and more in later years, as columns: millions in a minute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import shapely

from stac_ingest.geoparquet.geos_shapes import outline_of
from stac_ingest.geoparquet.instants import MICROSECONDS
from stac_ingest.geoparquet.item_columns import ItemColumns, Slot

_AT_ONCE = 2000
_SPOTS = 40
_START, _YEARS = 1_577_836_800, 5
_EXTENSION = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"


class PlacedRows:
    """Some items, as the pipeline hands them to an output."""

    def __init__(self, keys, made):
        self.keys, self._made = keys, made

    def columns(self):
        """Return the columns."""
        return self._made


def placed_items(total: int, bands: int = 12, seed: int = 1) -> Iterator[PlacedRows]:
    """Yield so many items, each with an asset for each band; the same ones for a seed."""
    random = np.random.default_rng(seed)
    spots = np.column_stack([random.uniform(-180, 180, _SPOTS), random.uniform(-60, 70, _SPOTS)])
    weights = random.pareto(1.2, _SPOTS) + 0.05
    for start in range(0, total, _AT_ONCE):
        yield _rows(random, spots, weights / weights.sum(), start, min(_AT_ONCE, total - start), bands)


def _rows(random, spots, weights, start, n, bands):  # noqa: PLR0917 - what the items are made of
    which, is_hot = random.choice(_SPOTS, n, p=weights), random.random(n) < 0.6
    x = np.where(is_hot, spots[which, 0] + random.normal(0, 6, n), random.uniform(-180, 180, n))
    y = np.where(is_hot, np.clip(spots[which, 1] + random.normal(0, 4, n), -80, 80), random.uniform(-80, 82, n))
    x = (x + 180) % 360 - 180
    west, east, south, north = x - 0.5, x + 0.5, y - 0.4, y + 0.4
    shapes = shapely.box(np.maximum(west, -180), south, np.minimum(east, 180), north)
    for number in np.flatnonzero((west < -180) | (east > 180)):  # cut at the antimeridian, as GeoJSON has it
        edge = west[number] + 360 if west[number] < -180 else west[number]
        parts = [shapely.box(edge, south[number], 180, north[number])]
        parts.append(shapely.box(-180, south[number], edge + 1 - 360, north[number]))
        shapes[number] = shapely.MultiPolygon(parts)
    west, east = np.where(west < -180, west + 360, west), np.where(east > 180, east - 360, east)
    time = ((_START + random.beta(2, 1.3, n) * _YEARS * 365.25 * 86_400) * 1000).astype(np.int64) * 1000
    marks = random.integers(0, 2**62, n).tolist()
    ids = [f"S2B_{instant // 1_000_000}_{start + number:08d}" for number, instant in enumerate(time.tolist())]
    names = [f"B{band:02d}" for band in range(1, bands + 1)]
    assets = [
        pa.StructArray.from_arrays(
            [
                pa.array([f"s3://bucket/{mark:016x}/{name}.tif" for mark in marks]),
                pa.array(["image/tiff"] * n),
                pa.array([one.hex() for one in random.integers(0, 256, (n, 16), np.uint8).view("S16")[:, 0].tolist()]),
            ],
            ["href", "type", "file:checksum"],
        )
        for name in names
    ]
    columns = {
        ("type",): pa.array(["Feature"] * n),
        ("stac_version",): pa.array(["1.1.0"] * n),
        ("stac_extensions",): pa.array([[_EXTENSION]] * n),
        ("id",): pa.array(ids),
        ("collection",): pa.array(["c"] * n),
        ("geometry",): pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary()),
        ("bbox",): pa.StructArray.from_arrays(
            [pa.array(side) for side in (west, south, east, north)], ["xmin", "ymin", "xmax", "ymax"]
        ),
        ("properties", "datetime"): pa.array(time).cast(MICROSECONDS),
        ("properties", "eo:cloud_cover"): pa.array(np.round(random.uniform(0, 100, n), 3)),
        ("properties", "grid:code"): pa.array([f"MGRS-{mark % 60:02d}" for mark in marks]),
        ("links",): pa.array([[{"rel": "self", "href": f"https://example.com/c/items/{one}"}] for one in ids]),
        ("assets",): pa.StructArray.from_arrays(assets, names),
    }
    made = ItemColumns(
        {Slot(place): column for place, column in columns.items()}, outline_of(shapes, shapely.bounds(shapes))
    )
    return PlacedRows([("c", one) for one in ids], made)
