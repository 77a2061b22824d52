"""The package's own module, with the settings of the arm."""

from typing import Any

from ingest_bench.arms.base import ArmKind, ArmSpec
from ingest_bench.arms.layouts import LAYOUTS
from stac_ingest.config import IngestConfig
from stac_ingest.module import IngestModule
from stac_ingest.sources.kind import KINDS

READERS = {kind.name: kind.preload for kind in KINDS.values()}
"""By kind of source, what the package imports when it first reads such a source."""


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


ARM = ArmKind(
    name="ingest",
    description="the package's own module",
    make=make,
    reads=tuple(LAYOUTS),
    preload=READERS,
    settings=IngestConfig,
    counts=("requests", "retries", "rate_limited"),
    role="own",
)
