"""The assets of an item: what every item has in common about them, and what is drawn for each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ingest_bench.corpora.seeded_bytes import decimal

_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_JPEG = "image/jpeg"
_XML = "application/xml"
_JSON = "application/json"
WORDS_PER_ASSET = 8
"""Random words that an asset takes at most: its size and the statistics of its band."""


class Band(NamedTuple):
    """A spectral band of the instrument."""

    name: str
    common_name: str
    center: float
    width: float


class Spec(NamedTuple):
    """What an asset is."""

    key: str
    file: str
    media_type: str
    title: str
    role: str
    resolution: int | None = None
    bands: tuple[Band, ...] = ()
    data_type: str = "uint16"


_B = {
    band.name: band
    for band in (
        Band("B01", "coastal", 0.443, 0.027),
        Band("B02", "blue", 0.49, 0.098),
        Band("B03", "green", 0.56, 0.045),
        Band("B04", "red", 0.665, 0.038),
        Band("B05", "rededge071", 0.704, 0.019),
        Band("B06", "rededge075", 0.74, 0.018),
        Band("B07", "rededge078", 0.783, 0.028),
        Band("B08", "nir", 0.842, 0.145),
        Band("B8A", "nir08", 0.865, 0.033),
        Band("B09", "nir09", 0.945, 0.026),
        Band("B11", "swir16", 1.61, 0.143),
        Band("B12", "swir22", 2.19, 0.242),
    )
}


def _band(key: str, name: str, title: str, resolution: int) -> Spec:
    return Spec(key, f"{name}.tif", _COG, f"{title} - {resolution}m", "data", resolution, (_B[name],))


_THUMBNAIL = Spec("thumbnail", "preview.jpg", _JPEG, "Thumbnail of preview image", "thumbnail")
_GRANULE = Spec("granule_metadata", "metadata.xml", _XML, "Granule metadata of the product", "metadata")
_VISUAL = Spec(
    "visual", "TCI.tif", _COG, "True color image", "visual", 10, (_B["B04"], _B["B03"], _B["B02"]), data_type="uint8"
)
_SCL = Spec("scl", "SCL.tif", _COG, "Scene classification map (SCL) - 20m", "classification", 20, data_type="uint8")
_TEN_METRES = (
    _band("blue", "B02", "Blue", 10),
    _band("green", "B03", "Green", 10),
    _band("red", "B04", "Red", 10),
    _band("nir", "B08", "NIR 1", 10),
)
SMALL = (*_TEN_METRES, _SCL, _THUMBNAIL, _GRANULE)
"""The assets of an item of 5 KB."""
LARGE = (
    *_TEN_METRES,
    _band("coastal", "B01", "Coastal", 60),
    _band("rededge1", "B05", "Red Edge 1", 20),
    _band("rededge2", "B06", "Red Edge 2", 20),
    _band("rededge3", "B07", "Red Edge 3", 20),
    _band("nir08", "B8A", "NIR 2", 20),
    _band("nir09", "B09", "NIR 3", 60),
    _band("swir16", "B11", "SWIR 1.6μm", 20),
    _band("swir22", "B12", "SWIR 2.2μm", 20),
    _VISUAL,
    _SCL,
    Spec("aot", "AOT.tif", _COG, "Aerosol optical thickness (AOT) - 20m", "data", 20),
    Spec("wvp", "WVP.tif", _COG, "Water Vapour (WVP) - 20m", "data", 20),
    _THUMBNAIL,
    _GRANULE,
    Spec("product_metadata", "product_metadata.xml", _XML, "Product metadata", "metadata"),
    Spec("datastrip_metadata", "datastrip_metadata.xml", _XML, "Datastrip metadata", "metadata"),
    Spec("inspire_metadata", "inspire.xml", _XML, "INSPIRE metadata of the product", "metadata"),
    Spec("safe_manifest", "manifest.safe", _XML, "SAFE manifest of the product", "metadata"),
    Spec("tileinfo_metadata", "tileinfo_metadata.json", _JSON, "Metadata of the tile", "metadata"),
)
"""The assets of an item of 20 KB."""


def describe(spec: Spec, *, detailed: bool) -> dict[str, Any]:
    """Give the fields of an asset that are the same in every item; detailed: with those about its raster."""
    fields: dict[str, Any] = {"type": spec.media_type, "title": spec.title, "roles": [spec.role]}
    if spec.resolution and detailed:
        pixels = 109_800 // spec.resolution
        fields |= {
            "data_type": spec.data_type,
            "proj:shape": [pixels, pixels],
            "raster:spatial_resolution": spec.resolution,
        }
    if spec.data_type == "uint16" and spec.bands and detailed:
        fields |= {"raster:scale": 0.0001, "raster:offset": -0.1}
    return fields


def describe_band(band: Band) -> dict[str, Any]:
    """Give the fields of a band that are the same in every item."""
    return {
        "name": band.name,
        "eo:common_name": band.common_name,
        "eo:center_wavelength": band.center,
        "eo:full_width_half_max": band.width,
    }


def statistics(draws: Iterator[int]) -> dict[str, Any]:
    """Draw the statistics of a band; mean and deviation in full precision."""
    return {
        "minimum": decimal(next(draws), 0, 900, 1),
        "maximum": decimal(next(draws), 9000, 16_000, 1),
        "mean": _full(next(draws), next(draws)),
        "stddev": _full(next(draws), next(draws)),
        "valid_percent": decimal(next(draws), 20, 100, 2),
    }


def _full(high: int, low: int) -> float:
    """Give a number below 4096 whose 53 bits are all random, and the last one set: never a whole number."""
    return ((high << 20 | low >> 12) | 1) / (1 << 40)
