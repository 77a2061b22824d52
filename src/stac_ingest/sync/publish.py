"""The end of a run: its manifest replaces the last one, and what nobody reads any more is removed."""

from __future__ import annotations

from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.index import FOLDER
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.manifest_file import write_manifest
from stac_ingest.sync.retired import retired
from stac_ingest.sync.settings import SyncSettings
from stac_ingest.sync.sweep import sweep


def publish(settings: SyncSettings, manifest: SyncManifest | None, new: SyncManifest) -> SyncManifest:
    """Make a manifest the one that readers go by.

    Args:
        settings: of the sync.
        manifest: of the last run; None before the first. Its parts that are not named any more stay for the time of
            grace, for readers that began before.
        new: of this run. What is retired is added to it.

    Returns:
        It, as it is on disk.

    Raises:
        DataProcessingError: it can't be written. What readers see is as it was.

    """
    published = new.model_copy(update={"retired": retired(settings.grace, manifest, new)})
    try:
        if (settings.state / FOLDER).is_dir():
            sync_to_disk(settings.state / FOLDER)
    except OSError as error:
        raise DataProcessingError(f"can't write to {settings.state}: {error.strerror or error}") from error
    write_manifest(settings.output, published)
    sweep(settings, published)
    return published
