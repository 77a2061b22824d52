"""How the tasks of a plan are read: a file for each kind of task."""

from __future__ import annotations

from collections.abc import Callable

from stac_ingest.core.registry import load
from stac_ingest.sync.plan import Task
from stac_ingest.sync.readers.base import TaskReader
from stac_ingest.sync.settings import SyncSettings

READERS = {
    "items": "stac_ingest.sync.readers.items:ItemsReader",
    "documents": "stac_ingest.sync.readers.catalog:DocumentsReader",
    "files": "stac_ingest.sync.readers.files:FilesReader",
    "api_items": "stac_ingest.sync.readers.api:ApiItemsReader",
    "api_ids": "stac_ingest.sync.readers.api:ApiIdsReader",
}
"""Where the class of each is, as `module:name`; it is made with the settings of the sync."""


def reader_of(task: Task, settings: SyncSettings) -> TaskReader:
    """Make the reader of a task."""
    make: Callable[[SyncSettings], TaskReader] = load(READERS[task.reader])
    return make(settings)
