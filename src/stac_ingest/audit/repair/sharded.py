"""An ingest in shards: its parts are repaired as GeoParquet is, and the manifest is brought into step with them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from stac_ingest.audit.repair.base import writing
from stac_ingest.audit.repair.geoparquet import GeoParquetRepairer
from stac_ingest.core.atomic import sha256_of, write_text
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs import OUTPUTS
from stac_ingest.sharding.manifest import MANIFEST, Manifest, Part
from stac_ingest.sharding.storage import ITEMS

_ADDED = "part-audit-"
"""How the names of parts begin that have what was missing. Shards that are run again have it themselves."""


class ShardedRepairer(GeoParquetRepairer):
    """Who reads by the manifest finds every part that it names at any time, and no item twice."""

    def __init__(self, folder: Path) -> None:
        """Repair what lies below a folder."""
        super().__init__(folder / ITEMS, OUTPUTS["geoparquet"], None)
        self._manifest = folder / MANIFEST

    def _parts(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("part-*.parquet") if path.is_file())

    def _names(self) -> Iterator[str]:
        names = (f"{_ADDED}{number:05d}.parquet" for number in count())
        return (name for name in names if not (self.folder / name).exists())

    def clear(self) -> None:
        """Remove what a killed repair has left, and bring the manifest into step with the parts.

        Raises:
            DataProcessingError: the manifest can't be read or written.

        """
        super().clear()
        try:
            manifest = Manifest.model_validate_json(self._manifest.read_bytes())
            written = self._manifest.stat().st_mtime_ns
        except (OSError, ValidationError) as error:
            raise DataProcessingError(f"{self._manifest} can't be read: {error}") from error
        known = {part.path: part for part in manifest.parts}
        with writing(self.folder):
            parts = [self._part(path, known.get(f"{ITEMS}/{path.name}"), written) for path in self._parts()]
        if parts != manifest.parts:
            items, size = sum(part.items for part in parts), sum(part.bytes for part in parts)
            changed = manifest.model_copy(update={"parts": parts, "items": items, "bytes": size})
            write_text(self._manifest, changed.model_dump_json(indent=2) + "\n")

    @staticmethod
    def _part(path: Path, known: Part | None, written: int) -> Part:
        """Describe a part; one that is older than the manifest, and of the size that it says, is taken as described."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - most of them are known

        stat = path.stat()
        if known is not None and known.bytes == stat.st_size and stat.st_mtime_ns < written:
            return known
        items = pq.read_metadata(path).num_rows
        return Part(path=f"{ITEMS}/{path.name}", items=items, bytes=stat.st_size, sha256=sha256_of(path))
