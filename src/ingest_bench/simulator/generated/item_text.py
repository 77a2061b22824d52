"""The items as JSON, made from their rows: about 2 KB each, like those of public APIs of Sentinel-2.

A key has values of one JSON type in every item, floats are never whole numbers and times carry milliseconds, so that an
item that has been through a table (Parquet) comes back exactly as it was.
"""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ingest_bench.corpora.items import API, COLLECTION, DATA
from ingest_bench.simulator.generated.draws import below, draw, mixed
from ingest_bench.simulator.generated.history import Rows, Times, id_keys

ID_PREFIX = "S2_L2A_"
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_DEGREE = 10_000_000
"""Coordinates have seven decimal places, the last of which is never 0."""
_FIELDS = 8
_ASSETS = (
    ("visual", "TCI.tif", "image/tiff; application=geotiff; profile=cloud-optimized", "visual"),
    ("red", "B04.tif", "image/tiff; application=geotiff; profile=cloud-optimized", "data"),
    ("scl", "SCL.tif", "image/tiff; application=geotiff; profile=cloud-optimized", "data"),
    ("thumbnail", "preview.jpg", "image/jpeg", "thumbnail"),
)


def item_id(key: int) -> str:
    """Return the id that is made of a number."""
    return f"{ID_PREFIX}{key:08x}"


def key_of_id(text: str) -> int | None:
    """Return the number that an id is made of; None where it is made of none."""
    digits = text.removeprefix(ID_PREFIX)
    try:
        key = int(digits, 16)
    except ValueError:
        return None
    return key if key >= 0 and item_id(key) == text else None


class ItemText:
    """Makes items of one seed."""

    def __init__(self, seed: int, api: str = API) -> None:
        """Take the seed, and the URL that links of items start with."""
        self._seed = seed
        self._template = _template(api).encode()

    def lines(
        self, rows: Rows, taken: Times, created: Times, updated: Times, version: NDArray[np.uint8]
    ) -> list[bytes]:
        """Return items as JSON.

        Args:
            rows: of the items; all arrays are of one length.
            taken: their datetime.
            created: when they were published.
            updated: when they were changed last.
            version: of their content.

        """
        place = draw(self._seed, "place", rows)
        zone, band = 1 + below(place, 60), below(mixed(place), len(_BANDS))
        west = (6 * zone - 186) * _DEGREE + _odd(draw(self._seed, "west", rows), 5 * _DEGREE)
        south = (8 * band - 80) * _DEGREE + _odd(draw(self._seed, "south", rows), 7 * _DEGREE)
        east, north = west + 9_000_002, south + 9_800_002
        words = draw(self._seed, "content", (rows.astype(np.uint64) << np.uint64(8)) | version.astype(np.uint64))
        more = [words := mixed(words) for _ in range(_FIELDS)]
        sides = [(side / _DEGREE).tolist() for side in (west, south, east, north)]
        columns: dict[str, list[Any]] = {
            "key": id_keys(rows).tolist(),
            "west": sides[0],
            "south": sides[1],
            "east": sides[2],
            "north": sides[3],
            "taken": _stamps(taken),
            "created": _stamps(created),
            "updated": _stamps(updated),
            "craft": [b"ab"[bit : bit + 1] for bit in (place & np.uint64(1)).tolist()],
            "cloud": (_odd(more[0], 100_000_000) / 1_000_000).tolist(),
            "azimuth": (90 + _odd(more[1], 110_000_000) / 1_000_000).tolist(),
            "elevation": (15 + _odd(more[2], 60_000_000) / 1_000_000).tolist(),
            "epsg": (np.where(band >= len(_BANDS) // 2, 32600, 32700) + zone).tolist(),
            "zone": zone.tolist(),
            "band": [_BANDS[number : number + 1].encode() for number in band.tolist()],
            "baseline": (10 + version.astype(np.int64)).tolist(),
            "size": (1_000 + below(more[3], 250_000_000)).tolist(),
            "sum0": more[4].tolist(),
            "sum1": more[5].tolist(),
            "sum2": more[6].tolist(),
            "sum3": more[7].tolist(),
        }
        names = [name.encode() for name in columns]
        template = self._template
        return [template % dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _odd(words: NDArray[np.uint64], limit: int) -> NDArray[np.int64]:
    """Return odd numbers below a limit: divided by a power of ten, they are never whole."""
    return below(words, limit // 2) * 2 + 1


def _stamps(times: Times) -> list[bytes]:
    texts = np.datetime_as_string(times.astype("datetime64[us]"), unit="ms")
    return [text.encode() + b"Z" for text in texts.tolist()]


def _template(api: str) -> str:
    """Return an item as JSON, with a place for each column."""
    name, corners = f"{ID_PREFIX}%(key)08x", ("%(west).7f", "%(south).7f", "%(east).7f", "%(north).7f")
    west, south, east, north = corners
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [
            f"https://stac-extensions.github.io/{extension}/schema.json"
            for extension in ("eo/v2.0.0", "file/v2.1.0", "grid/v1.1.0", "projection/v2.0.0", "view/v1.0.0")
        ],
        "id": name,
        "geometry": {"type": "Polygon", "coordinates": [[[_Bare(x), _Bare(y)] for x, y in ring]]},
        "bbox": [_Bare(corner) for corner in corners],
        "properties": {
            "datetime": "%(taken)s",
            "created": "%(created)s",
            "updated": "%(updated)s",
            "platform": "sentinel-2%(craft)s",
            "constellation": "sentinel-2",
            "instruments": ["msi"],
            "eo:cloud_cover": _Bare("%(cloud).6f"),
            "view:sun_azimuth": _Bare("%(azimuth).6f"),
            "view:sun_elevation": _Bare("%(elevation).6f"),
            "proj:code": "EPSG:%(epsg)d",
            "grid:code": "MGRS-%(zone)02d%(band)s",
            "s2:processing_baseline": "05.%(baseline)d",
            "s2:product_uri": f"{name}_N05%(baseline)d.SAFE",
        },
        "links": [
            {"rel": "self", "type": "application/geo+json", "href": f"{api}/collections/{COLLECTION}/items/{name}"},
            {"rel": "parent", "type": "application/json", "href": f"{api}/collections/{COLLECTION}"},
            {"rel": "collection", "type": "application/json", "href": f"{api}/collections/{COLLECTION}"},
            {"rel": "root", "type": "application/json", "href": api},
        ],
        "assets": {
            key: {
                "href": f"{DATA}/%(zone)d/%(band)s/{name}/{file}",
                "type": media_type,
                "roles": [role],
                "file:size": _Bare("%(size)d"),
                "file:checksum": f"1220%(sum{number})016x%(sum{number})016x%(sum{number})016x%(sum{number})016x",
            }
            for number, (key, file, media_type, role) in enumerate(_ASSETS)
        },
        "collection": COLLECTION,
    }
    return orjson.dumps(item, default=_Bare.mark).decode().replace(_OPEN, "").replace(_CLOSE, "")


_OPEN, _CLOSE = '"<bare>', '</bare>"'


class _Bare:
    """A place in the template that isn't in quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def mark(value: Any) -> str:
        """Write it so that the quotes can be taken off."""
        return f"{_OPEN[1:]}{value.text}{_CLOSE[:-1]}"
