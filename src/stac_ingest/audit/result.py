"""What an audit, and a repair, came to: in words, and as an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stac_ingest.audit.compare import Audit
from stac_ingest.audit.repair.decisions import Repaired
from stac_ingest.audit.task import CATALOG
from stac_ingest.config import IngestConfig
from stac_ingest.core.text import counted

SAME, DIFFERS, UNREADABLE = 0, 1, 3
_SHOWN = 5


@dataclass(frozen=True)
class AuditResult:
    """What an audit came to."""

    audit: Audit
    repaired: Repaired | None = None
    """What a repair has done, where one was asked for and could be done."""

    @property
    def exit_code(self) -> int:
        """0 where nothing differs, or is different no longer; 1 where something does, or isn't known; 3 unreadable."""
        audit = self.audit
        if audit.output.unreadable or audit.source.unreadable:
            return UNREADABLE
        return DIFFERS if self._remaining() or self._unknown() else SAME

    def lines(self) -> Iterator[str]:
        """Yield the report, a line at a time."""
        audit, task = self.audit, self.audit.task
        if not audit.output.unreadable:
            yield from self._table()
        for side in (audit.output, audit.source):
            for problem in side.problems[:_SHOWN]:
                yield f"{side.name} could not be read whole: {problem}"
            if len(side.problems) > _SHOWN:
                yield f"and {len(side.problems) - _SHOWN:,} more"
        yield from dict.fromkeys([*audit.output.notes, *audit.source.notes])
        if not task.compares_content:
            why = "were not asked for" if isinstance(task.against, IngestConfig) else f"{task.against.label} has none"
            yield f"ids alone were compared, no contents: {why}"
        elif CATALOG in task.kinds:
            yield "links that a catalog writes itself (root, parent and the like) don't count"
        if task.compares_content and not task.has_nulls:
            yield "null members don't count, since a side has the same for null and missing"
        if self.repaired is not None:
            yield from self._repair(self.repaired)
        yield self._verdict()

    def _table(self) -> Iterator[str]:
        audit = self.audit
        rows: list[tuple[str, int | str]] = [
            ("in the output", audit.output.items),
            (
                "in the source" if isinstance(audit.task.against, IngestConfig) else "in the inventory",
                audit.source.items,
            ),
            ("missing from the output", audit.missing),
            ("extra in the output", "not known" if audit.extra is None else audit.extra),
            ("different", audit.different if audit.task.compares_content else "not compared"),
        ]
        rows += [(f"again in {side.name}", side.repeated) for side in (audit.output, audit.source) if side.repeated]
        for name, count in rows:
            yield f"{name:<24}{count:>14,}" if isinstance(count, int) else f"{name:<24}{count:>14}"

    def _repair(self, done: Repaired) -> Iterator[str]:
        yield f"repaired: {done.added:,} added, {done.replaced:,} replaced, {done.removed:,} removed"
        for failure in done.failures[:_SHOWN]:
            yield f"not repaired: {failure.item_id}: {failure.error}"
        if done.damaged:
            shown = ", ".join(done.damaged[:_SHOWN]) + (", ..." if len(done.damaged) > _SHOWN else "")
            yield f"what could not be read whole was kept as {shown}"
        if done.lost:
            yield (
                f"{counted(done.lost, 'item')} could not be read, and the source, as it was read, did not have "
                f"{'it' if done.lost == 1 else 'them'}: the next sync reads the whole source again"
            )

    def _verdict(self) -> str:
        audit, remaining, unknown = self.audit, self._remaining(), self._unknown()
        named = f"; {audit.findings.path} names them" if audit.findings.lines else ""
        if remaining:
            more = f", and there may be more: {unknown}" if unknown else ""
            still = "still " if self.repaired is not None else ""
            what = counted(remaining, f"item {still}differs", f"items {still}differ")
            return f"{what}{more}{named}"
        if unknown:
            return f"no difference was found, but not everything could be compared: {unknown}"
        if self.repaired is not None:
            return f"repaired: nothing differs any more{named and f'; {audit.findings.path} names what did'}"
        what = "item" if audit.task.compares_content else "id"
        return f"nothing differs: both have the same {counted(audit.output.items, what)}"

    def _remaining(self) -> int:
        audit, done = self.audit, self.repaired
        extra = audit.extra or 0
        if done is None:
            return audit.missing + extra + audit.different + audit.output.repeated
        removed = extra + audit.output.repeated - done.removed
        return max(0, audit.missing - done.added) + max(0, audit.different - done.replaced) + max(0, removed)

    def _unknown(self) -> str:
        """Say what isn't known; nothing where all is."""
        audit = self.audit
        sides = [side.name for side in (audit.output, audit.source) if not side.is_whole]
        if sides == [audit.output.name] and self.repaired is not None:
            if self.repaired.lost:
                return f"{counted(self.repaired.lost, 'item')} of the output could not be read"
            return ""  # what could not be read was set aside, and what the source has of it was added
        return f"{' and '.join(sides)} could not be read whole" if sides else ""
