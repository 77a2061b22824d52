"""The file that names what was changed: appended to while the run goes on, so that a killed run keeps it."""

from __future__ import annotations

import os

from stac_ingest.changes import ChangeCollector
from stac_ingest.completeness import NOTES
from stac_ingest.core.atomic import write_all
from stac_ingest.outputs.directory import OutputFolder


class ChangeLog:
    """Keeps the changes of a run in `notes.ndjson`; the file is there once there is a change.

    Attributes:
        collector: takes the changes.

    """

    def __init__(self, folder: OutputFolder, *, resume: bool) -> None:
        """Go on with what an earlier run has left, or forget it.

        Raises:
            OSError: the file can't be read or written.

        """
        self.collector = ChangeCollector(self._append)
        self._folder = folder
        self._descriptor = -1
        if not resume:
            folder.remove(NOTES)
        elif NOTES in folder.names():
            self._descriptor = folder.reopen(NOTES)
            with os.fdopen(os.dup(self._descriptor), "rb") as stream:
                sound = self.collector.resume(stream.read())
            os.ftruncate(self._descriptor, sound)
            os.lseek(self._descriptor, sound, os.SEEK_SET)

    def close(self) -> None:
        """Write what is left, and close the file.

        Raises:
            DataProcessingError: it can't be written.

        """
        self.collector.flush()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, lines: bytes) -> None:
        with self._folder.writing():
            if self._descriptor < 0:
                self._descriptor = self._folder.create(NOTES)
                self._folder.sync_names()
            write_all(self._descriptor, lines)
            os.fsync(self._descriptor)
