"""GeoParquet in parts: what is missing comes in parts of its own, and a part with other changes is written anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from itertools import count
from pathlib import Path

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.base import FileRepairer, one_by_one
from stac_ingest.audit.repair.decisions import Decisions, Repaired
from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.outputs.geoparquet import GeoParquetOutput, keys_of_part, part_number

_WHOLE = 1 << 40
"""Items of a part that is written anew: as many as it had."""


class GeoParquetRepairer(FileRepairer):
    """Adds parts and replaces some, each at once: an item is in one part at any time, in its old form or in its new."""

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Add parts and replace some; see `Repairer`."""
        done = Repaired()
        self.begin()
        before = self._parts()
        if len(audit.lacking):
            await self._add(audit, done)
        decisions = Decisions(audit, done, remove_extra=remove_extra)
        for number, path in enumerate(before, 1):
            keys = _keys(path)
            is_damaged = keys is None or (not audit.output.is_whole and not await self._is_sound(path))
            if decisions.touches(keys or [], number) or is_damaged:
                await self._write_anew(path, decisions, number, done)
        self.clear()
        return done

    def _parts(self) -> list[Path]:
        """List the parts that are there, in the order in which they are read."""
        return sorted(path for path in self.folder.iterdir() if part_number(path.name) is not None)

    def _names(self) -> Iterator[str]:
        """Yield names of parts that aren't there."""
        numbers = [part_number(path.name) or 0 for path in self._parts()]
        return (f"part-{number:05d}.parquet" for number in count(max(numbers, default=-1) + 1))

    async def _add(self, audit: Audit, done: Repaired) -> None:
        output = GeoParquetOutput(self.hidden / "new")
        paths = await self.write(one_by_one(audit.lacking.items()), output, done)
        done.added = len(audit.lacking) - len(done.failures)
        for path, name in zip(paths, self._names(), strict=False):
            self.put(path, self.folder / name, done)

    async def _write_anew(self, path: Path, decisions: Decisions, number: int, done: Repaired) -> None:
        damaged: list[Path] = []
        failures, replaced, removed = len(done.failures), done.replaced, done.removed
        output = GeoParquetOutput(self.hidden / path.stem, part_items=_WHOLE)

        async def items() -> AsyncGenerator[Item]:
            async for item in self.read(path, done, lambda: damaged.append(path)):
                changed = decisions.decide(item, number)
                if changed is not None:
                    yield changed

        new = await self.write(items(), output, done)
        if len(done.failures) > failures:
            done.replaced, done.removed = replaced, removed  # the part stays as it is, with all of its items
            return
        self.put(new[0] if new else None, path, done, damaged=bool(damaged))

    async def _is_sound(self, path: Path) -> bool:
        damaged: list[Path] = []
        async for _ in self.read(path, Repaired(), lambda: damaged.append(path)):
            pass
        return not damaged


def _keys(path: Path) -> list[Key] | None:
    """Read which items a part holds; None where it can't be read."""
    try:
        return keys_of_part(path)
    except (OSError, ValueError, KeyError, TypeError):
        return None
