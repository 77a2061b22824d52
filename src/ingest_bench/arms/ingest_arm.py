"""The package's own module, with the settings of the arm."""

from __future__ import annotations

from typing import Any

from ingest_bench.arms.base import ArmKind, ArmSpec
from ingest_bench.arms.layouts import LAYOUTS
from stac_ingest.config import IngestConfig
from stac_ingest.module import IngestModule

READERS = {
    "json_files": ("stac_ingest.sources.directory.source",),
    "geoparquet": ("stac_ingest.sources.geoparquet", "pyarrow.parquet", "shapely"),
    "api": ("stac_ingest.sources.stac_api", "stac_ingest.http.resolver", "aiohttp", "encodings.idna"),
}
"""By section: what the package imports when it first reads such a source. A server's name is looked up by a codec."""


def make(spec: ArmSpec) -> IngestModule:
    """Set up an `IngestModule`."""
    return IngestModule(ingest_settings(spec))


def ingest_settings(spec: ArmSpec) -> dict[str, Any]:
    """Give the settings that `IngestConfig` accepts for this arm."""
    settings: dict[str, Any] = {
        **spec.settings,
        **spec.lies.settings,
        "mode": spec.lies.section.mode,
        "source": spec.source,
        "concurrency": spec.concurrency,
        "max_items": spec.max_items,
    }
    if spec.lies.network:
        settings["collection_id"] = spec.collection
    if spec.budget is not None:
        settings["budget"] = spec.budget
    return settings


def readers(spec: ArmSpec) -> tuple[str, ...]:
    """Name what the package imports when it first reads a source like this one."""
    return READERS[spec.lies.section.name]


ARM = ArmKind(
    name="ingest",
    description="the package's own module",
    make=make,
    reads=tuple(LAYOUTS),
    preload=readers,
    settings=IngestConfig,
    counts=("requests", "retries", "rate_limited"),
    role="own",
)
