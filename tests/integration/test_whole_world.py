"""Items of all the world, and of others: through every source and every output and back, and found by their place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_servers import Servers, shared_servers
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs import kept_in_files, make_output, read_output
from stac_ingest.pipeline import run_pipeline

SOURCES = ("folder", "document", "table", "api")


def ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    """Return the coordinates of a rectangle."""
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def item(item_id: str, geometry: Any, bbox: list[float] | None = None) -> dict[str, Any]:
    """Return an item of a place."""
    found = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": "c",
        "geometry": geometry,
        "properties": {"datetime": "2024-06-01T12:00:00Z"},
        "links": [],
        "assets": {"data": {"href": "https://example.com/data.tif"}},
    }
    return found if bbox is None else {**found, "bbox": bbox}


def area(*corners: float) -> dict[str, Any]:
    """Return a rectangle."""
    return {"type": "Polygon", "coordinates": ring(*corners)}


ITEMS = [
    item("plain", area(0, 0, 1, 1), [0, 0, 1, 1]),
    item(
        "over",
        {"type": "MultiPolygon", "coordinates": [ring(177, -20, 180, -16), ring(-180, -20, -178, -16)]},
        [177, -20, -178, -16],
    ),
    item("solid", {"type": "Point", "coordinates": [20, 20, 500]}, [20, 20, 500, 20, 20, 500]),
    item("nowhere", None),
    item("empty", {"type": "Polygon", "coordinates": []}),
    item("none_of_many", {"type": "GeometryCollection", "geometries": []}),
    item(
        "many",
        {
            "type": "GeometryCollection",
            "geometries": [area(40, 40, 41, 41), {"type": "Point", "coordinates": [45, 45]}],
        },
        [40, 40, 45, 45],
    ),
    item("mars", area(284, -14, 286, -12), [284, -14, 286, -12]),
    item(
        "over_mars",
        {"type": "MultiPolygon", "coordinates": [ring(350, 10, 360, 20), ring(0, 10, 5, 20)]},
        [350, 10, 5, 20],
    ),
    item("pole", area(-180, 80, 180, 90), [-180, 80, 180, 90]),
]
BOXES = {
    "a corner": ([1, 1, 9, 9], {"plain"}),
    "east of the antimeridian": ([-180, -17, -179, -16], {"over"}),
    "west of it": ([176, -30, 177, -10], {"over"}),
    "over it": ([178, -18, -179, -17], {"over"}),
    "all around the other way": ([-170, -20, 170, -16], set()),
    "the heights": ([19, 19, 400, 21, 21, 600], {"solid"}),
    "below them": ([19, 19, 0, 21, 21, 499], set()),
    "longitudes up to 360": ([280, -15, 300, 0], {"mars"}),
    "over another planet's edge": ([355, 11, 2, 12], {"over_mars"}),
    "the world": ([-180, -90, 180, 90], {"plain", "over", "solid", "many", "over_mars", "pole"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the items in every form that files have."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "items").mkdir()
    (folder / "corpus").mkdir()
    for one in ITEMS:
        (folder / "items" / f"{one['id']}.json").write_text(json.dumps(one))
    (folder / "document.json").write_text(json.dumps({"type": "FeatureCollection", "features": ITEMS}))
    with GeoParquetWriter(folder / "table.parquet", 2) as writer:
        writer.write(ITEMS)
    collection = {
        "type": "Collection",
        "id": "c",
        "stac_version": "1.0.0",
        "description": "all the world",
        "license": "other",
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        "links": [],
    }
    (folder / "corpus" / "collection.json").write_text(json.dumps(collection))
    (folder / "corpus" / "items.ndjson").write_text("".join(json.dumps(one) + "\n" for one in ITEMS))
    return folder


@pytest.fixture(scope="module")
def servers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Give servers of the items."""
    with shared_servers(tmp_path_factory, folder / "corpus") as given:
        yield given


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, folder: Path, servers: Servers) -> dict[str, Any]:
    """Give the settings of each source in turn."""
    if request.param == "api":
        return {"mode": "api", "source": servers().url, "collection_id": "c"}
    name = {"folder": "items", "document": "document.json", "table": "table.parquet"}[request.param]
    return {"mode": "file", "source": str(folder / name)}


def by_id(items: Any) -> dict[str, Any]:
    """Return items by their ids, without the links that a server adds."""
    return {one["id"]: {**one, "links": []} for one in items}


@pytest.mark.parametrize("output", kept_in_files())
async def test_every_place_comes_back(source: dict[str, Any], output: str, tmp_path: Path) -> None:
    """Boxes over the antimeridian, heights, no geometry, empty ones, collections and other planets are as they were."""
    context = WorkflowContext()
    await run_pipeline(IngestModule(source), [], make_output(output, tmp_path), context)
    assert context.failure_collector.get_all() == []
    assert by_id(read_output(output, tmp_path)) == by_id(ITEMS)


@pytest.mark.parametrize("place", BOXES)
async def test_items_are_found_by_their_place(source: dict[str, Any], place: str) -> None:
    """Every source gives the same items for a box."""
    box, expected = BOXES[place]
    module = IngestModule({**source, "bbox": box})
    assert {one["id"] async for one in module.fetch(WorkflowContext())} == expected
    if source["mode"] == "file":
        assert module.summary.filtered == len(ITEMS) - len(expected)


@pytest.mark.parametrize("name", ["items", "document.json", "table.parquet"])
async def test_between_the_members_of_a_collection_is_nothing(folder: Path, name: str) -> None:
    """A box that lies in an item's box and off all of its geometries doesn't find it."""
    for box, expected in (([42, 42, 43, 43], []), ([44, 44, 45, 45], ["many"])):
        module = IngestModule({"mode": "file", "source": str(folder / name), "bbox": box})
        assert [one["id"] async for one in module.fetch(WorkflowContext())] == expected
