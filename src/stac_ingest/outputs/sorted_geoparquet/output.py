"""The output: parts as they come, and the sorted table at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError
from stac_ingest.outputs.directory import OutputFolder, holds_earlier_run
from stac_ingest.outputs.geoparquet import GeoParquetOutput
from stac_ingest.outputs.sorted_geoparquet.publish import HIDDEN, Published, refuse_links
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
        self._shown = Path(folder)
        super().__init__(self._shown / HIDDEN)
        self._root: OutputFolder | None = None
        self._say: Callable[[str], None] = lambda _: None

    async def start(self, context: WorkflowContext) -> None:
        """Open the output; see `BatchedOutput.start`."""
        if self._root is None:
            self._root = await asyncio.to_thread(OutputFolder, self._shown)
            await asyncio.to_thread(refuse_links, self._path, self._shown)
            self._say = getattr(context, "on_step", None) or self._say
        await super().start(context)

    @property
    def _path(self) -> Path:
        """The folder that is open, wherever its name leads by now."""
        assert self._root is not None, "start comes first"
        return self._root.path_of("")

    @property
    def _published(self) -> Published:
        return Published(self._path, self.folder.path_of(""))

    def _open(self, *, resume: bool) -> None:
        self._published.go_on()
        there = self._published.files()
        if there and not resume:
            raise ConfigurationError(holds_earlier_run(self._shown, there[0]))
        super()._open(resume=resume)

    def _files(self) -> list[tuple[Path, Path]]:
        table = [(self._shown / name, self._path / name) for name in self._published.files()]
        return [*table, *super()._files()]

    def _finish(self) -> dict[str, Any]:
        manifest = super()._finish()
        files = self._files()
        if self._paths or self._is_otherwise(files):
            self._sort(files)
        self._paths = []
        files = self._files()
        return manifest | {
            "bytes": sum(opened.stat().st_size for _, opened in files),
            "paths": [str(path) for path, _ in files],
        }

    def _sort(self, files: list[tuple[Path, Path]]) -> None:
        from stac_ingest.outputs.sorted_geoparquet.lay_out import lay_out  # noqa: PLC0415 - needed at the end alone
        from stac_ingest.outputs.sorted_geoparquet.runs import Run  # noqa: PLC0415 - same

        runs = [Run(opened, str(path)) for path, opened in files]
        if any(run.rows for run in runs):
            known = {key: document for run in runs for key, document in run.collections.items()}
            made = lay_out(
                runs, self._published.clear(), self._settings, known | dict(self._collection_documents), self._say
            )
            self._published.replace(made, [path.name for path in self._paths])

    def _is_otherwise(self, files: list[tuple[Path, Path]]) -> bool:
        """Whether the folders of the table that is there are other ones than the settings say."""
        if not files:
            return False
        import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do without

        from stac_ingest.geoparquet.stac_schema import folder_keys  # noqa: PLC0415 - same
        from stac_ingest.outputs.sorted_geoparquet.plan import FOLDERS  # noqa: PLC0415 - same

        return folder_keys(pq.read_schema(files[0][1])) != frozenset(FOLDERS[self._settings.partition])

    def _release(self) -> None:
        super()._release()
        self._published.forget()

    async def close(self) -> None:
        """Close the output; see `BatchedOutput.close`."""
        await super().close()
        if self._root is not None:
            self._root.close()
            self._root = None
