"""Files of newline-delimited JSON: how they are cut at any byte, and how a stretch of them is read."""

from __future__ import annotations

from array import array
from hashlib import sha256
from pathlib import Path

from stac_ingest.config import IngestConfig
from stac_ingest.errors import ConfigurationError, DataProcessingError, ItemError
from stac_ingest.sharding.plan import LinesOfFile, LinesPiece, Shard
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import FilesSplitter, SplitPlan, changed_since_planned
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sources.folder import files_in
from stac_ingest.sources.lines.source import LinesSource
from stac_ingest.sources.lines.spans import LinesFile, Span, Spans, lines_file, mean_line
from stac_ingest.summary import IngestSummary


class LinesSplitter(FilesSplitter):
    """Cuts NDJSON files into stretches of their bytes; a packed file stays whole."""

    format = "ndjson"

    def __init__(self, settings: ShardedIngest) -> None:
        super().__init__(settings)
        self._root = Path(settings.source)

    def stamp(self) -> str:
        """Return a hash of the names, sizes and times of all files."""
        return _stamp(self._files())

    def split(self) -> SplitPlan:
        """Cut the files into stretches of similar size. How many items there are is estimated by the first lines."""
        files = self._files()
        spans = list(Spans(files))
        if not spans:
            raise ConfigurationError(f"source: {self._root} is empty")
        items = sum(file.stop for file in files) // mean_line(files[0])
        shards = self._settings.shards or max(1, -(-items // self._settings.items_per_shard))
        parts = balanced(array("q", (span.stop - span.start for span in spans)), shards)
        return SplitPlan(
            [LinesPiece(files=_stretches(spans[part.start : part.stop])) for part in parts],
            [len(part) for part in parts],
            len(spans),
            stamp=_stamp(files),
        )

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> LinesSource:
        """Make the source of a shard.

        Raises:
            DataProcessingError: a file isn't the one that was planned.

        """
        assert isinstance(shard.piece, LinesPiece)
        files = []
        for part in shard.piece.files:
            if _look_at(part.path).stamp != part.stamp:
                raise DataProcessingError(changed_since_planned(part.path))
            files.append(LinesFile(part.path, part.start, part.stop, part.stamp))
        prefix = len(str(Path(self.place, "_"))) - 1
        return LinesSource(files, config, summary, lambda path: path[prefix:])

    def _files(self) -> list[LinesFile]:
        if not self._root.is_dir():
            return [_look_at(str(self._root))]
        found = files_in(self._root, self._settings.format)
        if found.refused:
            raise ConfigurationError(f"source: {self._root / found.refused[0].name}: {found.refused[0].why}")
        return [_look_at(str(self._root / name)) for name in found.lines]


def _look_at(path: str) -> LinesFile:
    try:
        return lines_file(path)
    except (OSError, ItemError) as error:
        raise DataProcessingError(f"{path}: can't be read: {error}") from error


def _stretches(spans: list[Span]) -> list[LinesOfFile]:
    """Join spans of one file that follow each other; a shard's are cut at the same bytes again when they are read."""
    joined: list[LinesOfFile] = []
    for span in spans:
        if joined and joined[-1].path == span.file.path:
            joined[-1] = joined[-1].model_copy(update={"stop": span.stop})
        else:
            joined.append(LinesOfFile(path=span.file.path, start=span.start, stop=span.stop, stamp=span.file.stamp))
    return joined


def _stamp(files: list[LinesFile]) -> str:
    lines = "\n".join(f"{file.path} {file.stamp}" for file in files)
    return sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
