"""What a file says of its geometries: true, and as much as is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stac_ingest.geoparquet.writer import GeoParquetWriter

COVERING = {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}}
SQUARE = {"type": "Polygon", "coordinates": [[[170, 0], [175, 0], [175, 5], [170, 0]]]}
BARE = {"type": "Feature", "id": "b", "geometry": SQUARE, "properties": {}}


def item(name: str, **more: Any) -> dict[str, Any]:
    """Make an item with a point and its box."""
    plain = {"geometry": {"type": "Point", "coordinates": [1, 2]}, "bbox": [1, 2, 1, 2], "properties": {}}
    return {"type": "Feature", "id": name, "links": [], "assets": {"data": {"href": "x"}}, **plain, **more}


def geo_of(path: Path, *batches: list[dict[str, Any]]) -> dict[str, Any]:
    """Write a file, and give what it says of its geometries."""
    with GeoParquetWriter(path) as writer:
        for batch in batches:
            writer.write(batch)
    found: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"geo"])
    return found


def test_boxes_are_named_as_covering(tmp_path: Path) -> None:
    """Readers that filter by a box find which columns have the sides, with heights or without."""
    solid = item("b", bbox=[0, 0, 9, 5, 5, 10])
    geo = geo_of(tmp_path / "a.parquet", [item("a"), item("c", geometry=None, bbox=None)], [solid])
    assert geo["columns"]["geometry"]["covering"] == COVERING
    assert pq.read_schema(tmp_path / "a.parquet").field("bbox").type.names == [
        "xmin", "ymin", "zmin", "xmax", "ymax", "zmax",
    ]  # fmt: skip


@pytest.mark.parametrize("batches", [[[item("a"), item("b", bbox=None)]], [[item("a")], [BARE]]])
def test_a_geometry_without_a_box_leaves_the_covering_out(tmp_path: Path, batches: Any) -> None:
    """Else a reader that filters by the boxes would never find that item."""
    assert "covering" not in geo_of(tmp_path / "a.parquet", *batches)["columns"]["geometry"]


def test_the_bounds_are_those_of_all_geometries(tmp_path: Path) -> None:
    """West, south, east and north come from the coordinates of every batch."""
    geo = geo_of(tmp_path / "a.parquet", [item("a")], [item("b", geometry=SQUARE, bbox=[170, 0, 175, 5])])
    assert geo["columns"]["geometry"]["bbox"] == [1, 0, 175, 5]


def test_bounds_over_the_antimeridian_hold_all(tmp_path: Path) -> None:
    """Once a box goes over the antimeridian, coordinates don't tell west from east: the bounds go around the earth."""
    crossing = {"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [-179, 5], [179, 0]]]}
    geo = geo_of(tmp_path / "a.parquet", [item("a", geometry=crossing, bbox=[179, 0, -179, 5])])
    assert geo["columns"]["geometry"]["bbox"] == [-180, 0, 180, 5]


def test_a_box_over_the_antimeridian_leaves_the_covering_out(tmp_path: Path) -> None:
    """Else readers that skip by the statistics of west and east lose that item, whose west lies behind its east."""
    crossing = item("b", geometry={"type": "Point", "coordinates": [179, 0]}, bbox=[179, 0, -179, 5])
    assert "covering" not in geo_of(tmp_path / "a.parquet", [item("a")], [crossing])["columns"]["geometry"]


def test_no_bounds_of_nothing(tmp_path: Path) -> None:
    """A file without a single point says nothing of its bounds."""
    assert "bbox" not in geo_of(tmp_path / "a.parquet", [item("a", geometry=None)])["columns"]["geometry"]
    assert "bbox" not in geo_of(tmp_path / "b.parquet")["columns"]["geometry"]


@pytest.mark.parametrize("everywhere", [True, False])
def test_the_projected_geometry_is_listed_where_every_item_has_it(tmp_path: Path, everywhere: bool) -> None:
    """It has coordinates of its own system; where some items lack it, a reader would make a geometry of nothing."""
    shape = {"proj:geometry": SQUARE}
    batches = [[item("a", properties=shape)], [item("b", properties=shape if everywhere else {})]]
    columns = geo_of(tmp_path / "a.parquet", *batches)["columns"]
    assert columns.get("proj:geometry") == (
        {"encoding": "WKB", "geometry_types": [], "crs": None} if everywhere else None
    )
