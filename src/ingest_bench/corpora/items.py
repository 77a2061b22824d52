"""The items of a corpus: like Sentinel-2 L2A items of public STAC APIs, and a function of seed, size and index alone.

A key has values of one JSON type in every item, floats are never whole numbers and times carry milliseconds, so that an
item that has been through a table (Parquet) comes back exactly as it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from struct import unpack_from
from typing import Any

import orjson

from ingest_bench.corpora import assets
from ingest_bench.corpora.inventory import Entry, entry_of
from ingest_bench.corpora.scenes import DAYS, START, Scene, footprint, scene
from ingest_bench.corpora.seeded_bytes import decimal, stream

COLLECTION = "sentinel-2-l2a"
API = "https://stac.example.com/v1"
DATA = "https://data.example.com/sentinel-s2-l2a-cogs"
EXTENSIONS = [
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/grid/v1.1.0/schema.json",
    "https://stac-extensions.github.io/mgrs/v1.0.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
]
_LINKS = [
    {"rel": "parent", "type": "application/json", "href": f"{API}/collections/{COLLECTION}"},
    {"rel": "collection", "type": "application/json", "href": f"{API}/collections/{COLLECTION}"},
    {"rel": "root", "type": "application/json", "href": API},
]
_SURFACES = (
    "nodata_pixel",
    "saturated_defective_pixel",
    "dark_features",
    "cloud_shadow",
    "vegetation",
    "not_vegetated",
    "water",
    "unclassified",
    "medium_proba_clouds",
    "high_proba_clouds",
    "thin_cirrus",
    "snow_ice",
)
_PROPERTY_WORDS = 32
_CHECKSUM_BYTES = 32
_SHA2_256 = "1220"
"""What a multihash of this kind starts with."""


@dataclass(frozen=True)
class Shape:
    """What makes an item small or large."""

    specs: tuple[assets.Spec, ...]
    edge: int
    """Vertices on each side of the footprint."""
    detailed: bool
    """Whether assets tell about their raster, and bands have statistics."""
    surfaces: int
    """Kinds of ground whose share is given."""


SHAPES = {
    5: Shape(assets.SMALL, edge=2, detailed=False, surfaces=6),
    20: Shape(assets.LARGE, edge=8, detailed=True, surfaces=12),
}


class ItemFactory:
    """Makes the items of one seed and size."""

    collection_id = COLLECTION

    def __init__(self, seed: int, item_kb: int, *, skewed: bool = False) -> None:
        """Take the seed of the corpus, the size of an item as JSON (5 or 20 KB), and how the items lie in time."""
        self._seed = seed
        self._skewed = skewed
        self._shape = shape = SHAPES[item_kb]
        self._extensions = EXTENSIONS if shape.detailed else [name for name in EXTENSIONS if "/raster/" not in name]
        self._fixed = [assets.describe(spec, detailed=shape.detailed) for spec in shape.specs]
        self._bands = [[assets.describe_band(band) for band in spec.bands] for spec in shape.specs]
        self._words = _PROPERTY_WORDS + 8 * shape.edge + assets.WORDS_PER_ASSET * len(shape.specs)
        self._bytes = 4 * self._words + _CHECKSUM_BYTES * len(shape.specs)

    def key(self, index: int) -> tuple[str, str]:
        """Give time and id of an item, by which an API sorts, without making the item."""
        what = scene(self._seed, index, skewed=self._skewed)
        return _stamp(what.time), what.id

    @staticmethod
    def collection() -> dict[str, Any]:
        """Give the collection's own document."""
        return collection()

    def item(self, index: int) -> dict[str, Any]:
        """Make item `index`, 0 and up."""
        what = scene(self._seed, index, skewed=self._skewed)
        entropy = stream(f"{self._seed}/item/{index}", self._bytes)
        draws = iter(unpack_from(f"<{self._words}I", entropy))
        checksums = entropy[4 * self._words :].hex()
        geometry, bbox = footprint(what.tile, list(islice(draws, 8 * self._shape.edge)), self._shape.edge)
        return {
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": self._extensions,
            "id": what.id,
            "geometry": geometry,
            "bbox": bbox,
            "properties": _properties(what, list(islice(draws, _PROPERTY_WORDS)), self._shape.surfaces),
            "links": [
                {
                    "rel": "self",
                    "type": "application/geo+json",
                    "href": f"{API}/collections/{COLLECTION}/items/{what.id}",
                },
                *_LINKS,
            ],
            "assets": self._assets(what, draws, checksums),
            "collection": COLLECTION,
        }

    def _assets(self, what: Scene, draws: Iterator[int], checksums: str) -> dict[str, Any]:
        tile, time = what.tile, what.time
        folder = f"{DATA}/{tile.zone}/{tile.band}/{tile.square}/{time.year}/{time.month}/{what.id}"
        east, north = _origin(what)
        detailed, code = self._shape.detailed, f"EPSG:{tile.epsg}"
        by_key = {}
        for number, (spec, fixed, bands) in enumerate(zip(self._shape.specs, self._fixed, self._bands, strict=True)):
            asset = {"href": f"{folder}/{spec.file}", **fixed}
            if detailed and spec.resolution:
                asset["proj:code"] = code
                asset["proj:transform"] = [spec.resolution, 0, east, 0, -spec.resolution, north]
            if detailed and len(bands) == 1:
                asset["bands"] = [bands[0] | {"statistics": assets.statistics(draws)}]
            elif bands:
                asset["bands"] = bands
            asset["file:size"] = 1_000 + next(draws) % 250_000_000
            asset["file:checksum"] = _SHA2_256 + checksums[64 * number : 64 * number + 64]
            by_key[spec.key] = asset
        return by_key


def _properties(what: Scene, draws: list[int], surfaces: int) -> dict[str, Any]:
    tile, datatake = what.tile, what.datatake
    east, north = _origin(what)
    baseline = f"05.{10 + draws[0] % 2}"
    created = what.product + timedelta(seconds=600 + draws[1] % 7200, milliseconds=1 + draws[2] % 999)
    updated = created + timedelta(days=draws[3] % 400, seconds=draws[4] % 86_400)
    product_id = f"S2{datatake.spacecraft}_MSIL2A_{datatake.label}_N{baseline.replace('.', '')}"
    cloud = decimal(draws[5], 0, 100, 6)
    properties: dict[str, Any] = {
        "datetime": _stamp(what.time),
        "created": _stamp(created),
        "updated": _stamp(updated),
        "platform": f"sentinel-2{datatake.spacecraft.lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "eo:cloud_cover": cloud,
        "view:azimuth": decimal(draws[6], 90, 290, 9),
        "view:incidence_angle": decimal(draws[7], 2, 11, 9),
        "view:sun_azimuth": decimal(draws[8], 90, 200, 9),
        "view:sun_elevation": decimal(draws[9], 15, 75, 9),
        "proj:code": f"EPSG:{tile.epsg}",
        "proj:shape": [10_980, 10_980],
        "proj:transform": [10, 0, east, 0, -10, north],
        "proj:centroid": {
            "lat": _middle(tile.south, draws[10]),
            "lon": _middle(tile.west, draws[11]),
        },
        "grid:code": f"MGRS-{tile.name}",
        "mgrs:utm_zone": tile.zone,
        "mgrs:latitude_band": tile.band,
        "mgrs:grid_square": tile.square,
        "s2:tile_id": f"S2{datatake.spacecraft}_OPER_MSI_L2A_TL_{what.product_label}_T{tile.name}",
        "s2:product_uri": f"{product_id}_R{datatake.orbit:03}_T{tile.name}_{what.product_label}.SAFE",
        "s2:datatake_id": f"GS2{datatake.spacecraft}_{datatake.label}_{draws[12] % 50_000:06}",
        "s2:processing_baseline": baseline,
        "s2:product_type": "S2MSI2A",
        "s2:reflectance_conversion_factor": decimal(draws[13], 0, 2, 12),
    }
    for word, surface in zip(draws[14:], _SURFACES[:surfaces], strict=False):
        properties[f"s2:{surface}_percentage"] = decimal(word, 0, 100, 6)
    return properties


def _middle(corner: int, word: int) -> float:
    """Give a place inside a tile, from its corner in millionths of a degree; odd millionths are no whole number."""
    return (corner + 300_000 + word % 400_000 | 1) / 1_000_000


def _origin(what: Scene) -> tuple[int, int]:
    """Give easting and northing of the tile's corner, metres."""
    north = what.tile.south // 9  # 111 km a degree, near enough
    return 100_000 * (1 + what.tile.column) - 20, (north if north > 0 else north + 10_000_000) // 20 * 20


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")[:23] + "Z"


def collection() -> dict[str, Any]:
    """Give a valid STAC Collection; its extent holds every item."""
    href = f"{API}/collections/{COLLECTION}"
    end = START + timedelta(days=DAYS + 2)
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "stac_extensions": EXTENSIONS,
        "id": COLLECTION,
        "title": "Sentinel-2 Level-2A (generated)",
        "description": "Generated items that look like Sentinel-2 Level-2A products. There are no data behind them.",
        "keywords": ["sentinel", "earth observation", "generated"],
        "license": "other",
        "providers": [{"name": "stac-ingest-bench", "roles": ["producer", "host"], "url": "https://stac.example.com"}],
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [[_day(START), _day(end)]]},
        },
        "summaries": {
            "platform": ["sentinel-2a", "sentinel-2b"],
            "constellation": ["sentinel-2"],
            "instruments": ["msi"],
        },
        "links": [
            {"rel": "self", "type": "application/json", "href": href},
            {"rel": "parent", "type": "application/json", "href": API},
            {"rel": "root", "type": "application/json", "href": API},
            {"rel": "items", "type": "application/geo+json", "href": f"{href}/items"},
            {"rel": "license", "type": "text/html", "href": "https://stac.example.com/license"},
        ],
    }


def write_collection(document: dict[str, Any], folder: Path) -> Entry:
    """Write `collection.json` into a corpus, and return its entry."""
    data = orjson.dumps(document)
    (folder / "collection.json").write_bytes(data)
    return entry_of("collection.json", data)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%dT00:00:00Z}"
