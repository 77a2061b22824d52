"""A table that is laid out for readers: it is made anew, and takes the place of the old one by its own protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.base import FileRepairer, writing
from stac_ingest.audit.repair.decisions import Decisions, Repaired
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.geoparquet.stac_schema import folder_keys
from stac_ingest.outputs import make_output
from stac_ingest.outputs.sorted_geoparquet.plan import FOLDERS
from stac_ingest.outputs.sorted_geoparquet.publish import HIDDEN, Published, refuse_links


class SortedTableRepairer(FileRepairer):
    """Repairs a sorted table, partitions included. Who is killed while files take their places, goes on with that."""

    def go_on(self) -> None:
        """End what a run or a repair has begun, that was killed while files took their places."""
        refuse_links(self.folder, self.folder)
        if (self.folder / HIDDEN).is_dir():
            with writing(self.folder):
                table = Published(self.folder, self.folder / HIDDEN)
                table.go_on()
                table.clear()
                table.forget()

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Make the table anew; see `Repairer`."""
        done = Repaired()
        self.begin()
        table = Published(self.folder, self.folder / HIDDEN)
        before = [self.folder / name for name in table.files()]
        damaged: list[Path] = []
        output = make_output(self.output.name, self.hidden, {"partition": _partition(before)})
        decisions = Decisions(audit, done, remove_extra=remove_extra)
        await self.write(self._items(before, audit, decisions, done, damaged), output, done)
        if done.failures:
            raise DataProcessingError(f"{self.folder} can't be repaired: {done.failures[0].error}")
        done.added = len(audit.lacking)
        with writing(self.folder):
            for path in damaged:
                self.keep_damaged(path, done)
            new = table.clear()
            made = Published(self.hidden, self.hidden / HIDDEN).files()
            files = [(new / f"{number:05d}.parquet", name) for number, name in enumerate(made)]
            for path, name in files:
                (self.hidden / name).replace(path)
            table.replace(files, [])
            table.forget()
        self.clear()
        return done

    async def _items(
        self, paths: list[Path], audit: Audit, decisions: Decisions, done: Repaired, damaged: list[Path]
    ) -> AsyncGenerator[Item]:
        for number, path in enumerate(paths, 1):
            async for item in self.read(path, done, partial(damaged.append, path)):
                changed = decisions.decide(item, number)
                if changed is not None:
                    yield changed
        for item in audit.lacking.items():
            yield item


def _partition(paths: list[Path]) -> str:
    """Find out by which folders the table is laid out."""
    for path in paths:
        try:
            keys = folder_keys(pq.read_schema(path))
        except (OSError, ValueError):
            continue
        return next((name for name, folders in FOLDERS.items() if keys == frozenset(folders)), "none")
    return "none"
