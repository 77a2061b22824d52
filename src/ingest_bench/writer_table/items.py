"""The items of the tables: usual ones, and such as have all that tools differ on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]

_RING = [[10.0, 50.0], [11.5, 50.0], [11.5, 51.25], [10.0, 50.0]]


def usual() -> list[Item]:
    """Give two items of one collection, alike in their members, as most collections have them."""
    return [
        _item(
            f"scene-{number}",
            geometry={"type": "Polygon", "coordinates": [_RING]},
            bbox=[10.0, 50.0, 11.5, 51.25],
            properties={
                "datetime": f"2024-03-0{number}T05:06:07.250Z",
                "created": "2024-03-09T00:00:00Z",
                "platform": "sentinel-2a",
                "instruments": ["msi"],
                "gsd": 10,
                "eo:cloud_cover": 12.5 * number,
                "proj:shape": [10980, 10980],
                "proj:transform": [10.0, 0.0, 600000.5, 0.0, -10.0, 5900040.5],
            },
            assets={"B04": _asset("B04", 1), "B08": _asset("B08", 2)},
        )
        for number in (1, 2)
    ]


def without_geometry() -> list[Item]:
    """Give a usual item, and one that is nowhere."""
    nowhere = {name: value for name, value in usual()[1].items() if name != "bbox"}
    return [usual()[0], {**nowhere, "geometry": None}]


def unusual() -> list[Item]:
    """Give three items that share little: see the names of their members."""
    return [
        _item(
            "of-all-kinds",
            geometry={"type": "LineString", "coordinates": _RING[:3]},
            bbox=[10.0, 50.0, 11.5, 51.25],
            properties={
                "datetime": None,
                "start_datetime": "2024-03-04T05:06:07+02:00",
                "end_datetime": "2024-03-05T00:00:00.5Z",
                "a_null": None,
                "an_empty_list": [],
                "nested": [[1, 2], [3]],
                "a_day": "2024-01-02",
                "a_time": "12:30:00",
                "an_id": "123e4567-e89b-12d3-a456-426614174000",
            },
            assets={"only-here": {"href": "a.json", "description": None, "deep": {"lists": [[0.5], [1.5, 2.5]]}}},
            renders={"true-color": {"assets": ["B04"], "rescale": [[0, 1000]]}},
        ),
        _item(
            "with-heights",
            geometry={"type": "Point", "coordinates": [10.0, 50.0, 123.5]},
            bbox=[10.0, 50.0, 123.5, 10.0, 50.0, 123.5],
            properties={
                "datetime": "2024-03-04T05:06:07.123456Z",
                "a_null": "not here",
                "gsd": 0.5,
                "table:columns": [{"name": "x", "type": "int"}, {"name": "y", "description": "no type"}],
            },
            assets={"data": {"href": "b.tif", "raster:bands": [{"nodata": 0, "scale": 0.5}, {"nodata": 255}]}},
        ),
        _item(
            "in-parts",
            geometry={"type": "MultiPolygon", "coordinates": [[_RING], [[[x + 5.0, y] for x, y in _RING]]]},
            bbox=[10.0, 50.0, 16.5, 51.25],
            properties={"datetime": "2024-03-04T05:06:07Z", "gsd": 10, "flag": True, "large": 2**53 + 1},
            assets={},
            links=[],
        ),
    ]


SETS: dict[str, Callable[[], list[Item]]] = {
    "usual items": usual,
    "unusual items": unusual,
    "an item without geometry": without_geometry,
}
"""What each tool writes and reads, as the table calls it."""


def _item(name: str, **members: Any) -> Item:
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": ["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        "id": name,
        "collection": "scenes",
        "links": [{"rel": "self", "href": f"{name}.json"}, {"rel": "collection", "href": "c.json", "title": "Scenes"}],
        **members,
    }


def _asset(name: str, number: int) -> Item:
    return {
        "href": f"{name}.tif",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["data", "reflectance"],
        "gsd": 10.0,
        "eo:bands": [{"name": name, "center_wavelength": 0.5 * number}],
    }
