"""Where the files of an Iceberg table are: its documents name them by places that may be old, or anybody's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

LOCATION, FOLDER = "stac_ingest.location", "stac_ingest.folder"
"""Properties: where the table was when it was written, and the folder that it is in now."""


class LocalFiles(PyArrowFileIO):
    """Files of this machine; with a folder given, those in it alone. Others are refused, by what is raised."""

    def new_input(self, location: str) -> PyArrowFile:
        """Give a file to read.

        Raises:
            ValueError: it is elsewhere.

        """
        return self._file(location)

    def new_output(self, location: str) -> PyArrowFile:
        """Give a file to write.

        Raises:
            ValueError: it is elsewhere.

        """
        return self._file(location)

    def _file(self, location: str) -> PyArrowFile:
        return PyArrowFile(location=location, path=str(self._path(location)), fs=self.fs_by_scheme("file", None))

    def _path(self, location: str) -> Path:
        folder = self.properties.get(FOLDER)
        if folder is None:
            return _local(location)
        root = Path(folder)
        began = self.properties.get(LOCATION, "").rstrip("/")
        inside = next(
            (place.removeprefix(start) for place, start in _pairs(location, began) if place.startswith(f"{start}/")),
            None,
        )
        path = root / inside.lstrip("/") if inside is not None and began else _local(location)
        if not path.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"the table names a file outside of its folder, which isn't read: {location}")
        return path


def _pairs(location: str, start: str) -> list[tuple[str, str]]:
    """Give both as they are, and as paths: one may be written as a URL and the other not."""
    return [(location, start), (_bare(location), _bare(start))]


def _bare(location: str) -> str:
    if not location.startswith("file:"):
        return location
    return "/" + location.removeprefix("file:").lstrip("/")


def _local(location: str) -> Path:
    """Give the path of a local file; what looks escaped in it is its name, as pyiceberg writes it."""
    if urlsplit(location).scheme not in ("", "file"):
        raise ValueError(f"the table names a file on another machine, which isn't read: {location}")
    return Path(_bare(location))
