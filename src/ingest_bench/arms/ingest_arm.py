"""The package's own module, with the settings of the arm."""

from __future__ import annotations

from typing import Any

from ingest_bench.arms.base import ArmSpec
from stac_ingest.module import IngestModule

SOURCE_TYPES = {"item_files": "items_directory", "items_directory": "collection"}


def make(spec: ArmSpec) -> IngestModule:
    """Set up an `IngestModule`."""
    return IngestModule(ingest_settings(spec))


def ingest_settings(spec: ArmSpec) -> dict[str, Any]:
    """Give the settings that `IngestConfig` accepts for this arm."""
    settings: dict[str, Any] = {
        **spec.settings,
        "mode": "api" if spec.kind == "api" else "file",
        "source": spec.source,
        "concurrency": spec.concurrency,
        "max_items": spec.max_items,
    }
    if spec.kind == "api":
        settings["collection_id"] = spec.collection
    else:
        settings["source_type"] = SOURCE_TYPES.get(spec.kind, "auto")
        settings["format"] = "parquet" if spec.kind == "geoparquet" else "json"
    if spec.budget is not None:
        settings["budget"] = spec.budget
    return settings
