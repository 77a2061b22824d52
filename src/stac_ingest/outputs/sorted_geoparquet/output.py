"""The output: parts as they come, and the sorted table at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs.geoparquet import GeoParquetOutput
from stac_ingest.outputs.sorted_geoparquet.publish import Published
from stac_ingest.outputs.sorted_geoparquet.settings import LayoutSettings

if TYPE_CHECKING:
    from stac_ingest.context import WorkflowContext


class SortedGeoParquetOutput(GeoParquetOutput):
    """Writes `part-00000.parquet` and so on, sorted, with folders for years or months where these are wanted.

    Until all items have come they are in parts in a hidden folder, as `GeoParquetOutput` writes them, and complete.
    Then the parts become the table, with what is there of an earlier one. A run that is killed while it sorts has lost
    nothing but that work: the next one sorts again.
    """

    def __init__(self, folder: str | PathLike[str], settings: Mapping[str, Any] | None = None) -> None:
        """Check the settings.

        Args:
            folder: to write to.
            settings: of `LayoutSettings`.

        Raises:
            ConfigurationError: naming each wrong setting.

        """
        self._settings = LayoutSettings.parse(dict(settings or {}))
        self._published = Published(Path(folder))
        super().__init__(self._published.hidden)
        self._say: Callable[[str], None] = lambda _: None
        self._collections: Mapping[str, Any] = {}

    async def start(self, context: WorkflowContext) -> None:
        """Open the output; see `BatchedOutput.start`."""
        self._published.refuse_links()
        self._say = getattr(context, "on_step", None) or self._say
        self._collections = context.data.get("collections") or {}
        await super().start(context)

    def _open(self, *, resume: bool) -> None:
        self._published.go_on()
        there = self._published.files()
        if there and not resume:
            raise ConfigurationError(
                f"the output folder {self._published.folder} holds {there[0]} of an earlier run; "
                "resume that run, or give another folder"
            )
        super()._open(resume=resume)

    def _files(self) -> list[tuple[Path, Path]]:
        return [*((path, path) for path in self._table()), *super()._files()]

    def _table(self) -> list[Path]:
        return [self._published.folder / name for name in self._published.files()]

    def _finish(self) -> dict[str, Any]:
        manifest = super()._finish()
        earlier = self._table()
        if self._paths or self._is_otherwise(earlier):
            self._sort([*earlier, *(self.folder.path_of(path.name) for path in self._paths)])
        paths = self._table()
        return manifest | {"bytes": sum(path.stat().st_size for path in paths), "paths": [str(path) for path in paths]}

    def _sort(self, paths: list[Path]) -> None:
        from stac_ingest.outputs.sorted_geoparquet.lay_out import lay_out  # noqa: PLC0415 - needed at the end alone
        from stac_ingest.outputs.sorted_geoparquet.runs import Run  # noqa: PLC0415 - same

        runs = [Run(path, path.name) for path in paths]
        if any(run.rows for run in runs):
            files = lay_out(runs, self._published.clear(), self._settings, self._collections, self._say)
            self._published.replace(files, [path.name for path in self._paths])

    def _is_otherwise(self, earlier: list[Path]) -> bool:
        """Whether the folders of the table that is there are other ones than the settings say."""
        if not earlier:
            return False
        import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do without

        from stac_ingest.geoparquet.stac_schema import folder_keys  # noqa: PLC0415 - same
        from stac_ingest.outputs.sorted_geoparquet.plan import FOLDERS  # noqa: PLC0415 - same

        return folder_keys(pq.read_schema(earlier[0])) != frozenset(FOLDERS[self._settings.partition])

    def _release(self) -> None:
        super()._release()
        self._published.forget()
