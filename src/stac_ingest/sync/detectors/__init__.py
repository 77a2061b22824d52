"""How a kind of source tells what has changed: a file each."""

from __future__ import annotations

from stac_ingest.config import IngestConfig
from stac_ingest.core.registry import load
from stac_ingest.sources import catalog_root
from stac_ingest.summary import IngestSummary
from stac_ingest.sync.detectors.base import Detector, DetectorKind
from stac_ingest.sync.settings import SyncSettings

DETECTORS = {
    "api": "stac_ingest.sync.detectors.api:ApiDetector",
    "catalog": "stac_ingest.sync.detectors.catalog:CatalogDetector",
    "files": "stac_ingest.sync.detectors.files:FilesDetector",
    "whole": "stac_ingest.sync.detectors.whole:WholeDetector",
}
"""Where the class of each is, as `module:name`."""


def detector_of(settings: SyncSettings) -> Detector:
    """Choose what finds out what has changed.

    Raises:
        ConfigurationError: the source can't be read.

    """
    return detector_named(_name(settings.config), settings)


def detector_named(name: str, settings: SyncSettings) -> Detector:
    """Make the detector of a plan, without a look at the source.

    Args:
        name: as the plan has it.
        settings: of the sync.

    """
    make: DetectorKind = load(DETECTORS[name])
    return make(settings)


def _name(config: IngestConfig) -> str:
    if config.mode == "api":
        return "api"
    from stac_ingest.sync.files import are_files  # noqa: PLC0415 - an API has none

    if are_files(config):
        return "files"
    return "whole" if catalog_root(config, IngestSummary()) is None else "catalog"
