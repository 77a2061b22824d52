"""A folder of JSON and NDJSON files: how it is cut, and how one range of them is read."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from stac_ingest.config import IngestConfig
from stac_ingest.core.source import Source
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.plan import FilesPiece, Shard
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import FilesSplitter, SplitPlan, changed_since_planned
from stac_ingest.sharding.splitters.file_listing import Listing
from stac_ingest.sharding.splitters.kept_names import keep_names, kept_files
from stac_ingest.sources.folder import FolderFiles, files_in, folder_of_items
from stac_ingest.sources.json_folder import json_files_source
from stac_ingest.summary import IngestSummary

OPENING = 4096
"""What opening a file costs, in bytes that could be read and parsed instead, about."""


class ItemFilesSplitter(FilesSplitter):
    """Cuts the files of a folder, or of a collection's `items`, into ranges of their names."""

    format = "json"
    plans_by_listing = True

    def __init__(self, settings: ShardedIngest) -> None:
        super().__init__(settings)
        folder = Path(settings.source)
        self._folder = (folder_of_items(folder) if (folder / "collection.json").is_file() else None) or folder

    def config(self, shard: Shard) -> IngestConfig:
        """Return the settings by which a shard is read."""
        return super().config(shard).replace(format=self._settings.format)

    @property
    def place(self) -> str:
        """Return the folder of the items."""
        return str(self._folder)

    def stamp(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return self._listing.stamp

    def split(self) -> SplitPlan:
        """Cut the files into ranges of similar size, and write down which they are."""
        cut = self._listing.split(self._settings, OPENING)
        pieces = [piece for piece in cut.pieces if isinstance(piece, FilesPiece)]
        return replace(cut, pieces=[*keep_names(self._settings.state_folder, pieces, self._found)])

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> Source[Any]:
        """Make the source of a shard.

        Raises:
            DataProcessingError: the files aren't those that were planned.

        """
        assert isinstance(shard.piece, FilesPiece)
        files = kept_files(self._settings.state_folder, shard.piece)
        try:
            now = Listing.look(self._folder, files.of_json).stamp
        except FileNotFoundError:
            now = "gone"
        if now != shard.piece.digest:
            raise DataProcessingError(changed_since_planned(self._folder))
        return json_files_source(self._folder, files, config, summary)

    @cached_property
    def _found(self) -> FolderFiles:
        return files_in(self._folder, self._settings.format)

    @cached_property
    def _listing(self) -> Listing:
        names = self._found.of_json
        if not names:
            raise ConfigurationError(f"source: no JSON files found in {self._folder}, or in the folders in it")
        try:
            return Listing.look(self._folder, names)
        except OSError as error:
            raise DataProcessingError(f"can't read {self._folder}: {error.strerror or error}") from error
