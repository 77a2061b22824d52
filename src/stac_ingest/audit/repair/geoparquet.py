"""GeoParquet in parts: what is missing comes in parts of its own, and a part with other changes is written anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.base import Decisions, FileRepairer, Repaired, one_by_one
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
        parts = {number: path for path in self.folder.iterdir() if (number := part_number(path.name)) is not None}
        before = sorted(parts.values())
        if len(audit.lacking):
            await self._add(audit, max(parts, default=-1) + 1, done)
        decisions = Decisions(audit, done, remove_extra=remove_extra)
        for number, path in enumerate(before, 1):
            keys = _keys(path)
            is_damaged = keys is None or (not audit.output.is_whole and not await self._is_sound(path))
            if decisions.touches(keys or [], number) or is_damaged:
                await self._write_anew(path, decisions, number, done)
        self.clear()
        return done

    async def _add(self, audit: Audit, number: int, done: Repaired) -> None:
        output = GeoParquetOutput(self.hidden / "new")
        paths = await self.write(one_by_one(audit.lacking.items()), output, done)
        done.added = len(audit.lacking) - len(done.failures)
        for path in paths:
            self.put(path, self.folder / f"part-{number:05d}.parquet", done)
            number += 1

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
