"""Outputs of one file: it is written anew, beside the old one, and takes its name when it is whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.base import FileRepairer
from stac_ingest.audit.repair.decisions import Decisions, Repaired
from stac_ingest.core.model import Item
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs import make_output


class WholeFileRepairer(FileRepairer):
    """Repairs NDJSON, packed or not, and a FeatureCollection. Until the new file is there, readers see the old one."""

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Write the file anew; see `Repairer`."""
        assert self.output.whole is not None
        path, done = self.folder / self.output.whole, Repaired()
        self.begin()
        decisions = Decisions(audit, done, remove_extra=remove_extra)
        damaged: list[Path] = []
        output = make_output(self.output.name, self.hidden)
        (new,) = await self.write(self._items(path, audit, decisions, done, damaged), output, done)
        if done.failures:
            raise DataProcessingError(f"{path} can't be repaired: {done.failures[0].error}")
        done.added = len(audit.lacking)
        self.put(new, path, done, damaged=bool(damaged))
        self.clear()
        return done

    async def _items(
        self, path: Path, audit: Audit, decisions: Decisions, done: Repaired, damaged: list[Path]
    ) -> AsyncGenerator[Item]:
        if path.exists():  # noqa: ASYNC240 - one look
            async for item in self.read(path, done, lambda: damaged.append(path)):
                changed = decisions.decide(item)
                if changed is not None:
                    yield changed
        for item in audit.lacking.items():
            yield item
