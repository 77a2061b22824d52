"""What makes the numbers less certain, the likely cause of it, and what to do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ingest_bench.analysis.speedup import relative_width
from ingest_bench.report.formatting import safe
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.templating import texts
from ingest_bench.results.models import Cell, Results

NOISY = 0.25
"""Relative width of the null cell's interval from which differences of everyday size go unseen."""
FEW_PAIRS = 3
STEAL = 0.02
"""Share of the processors' time kept away by others that shows in the numbers."""
BUSY = 1.5
"""Load before a cell, per core."""
SLOWED = 0.8
"""The lowest clock rate after a cell, relative to the highest, from which on it shows in the numbers."""
INVALID_REASONS = {
    "the server was saturated": "saturated",
    "Little's law": "out_of_step",
    "no items": "nothing_delivered",
    "the server answered 429": "unnoticed",
    "": "unusable",
}
"""By how the reason of a invalid sample (`ingest_bench.harness.validity`) begins: its warning."""
NOTES = {
    "still in memory": "not_cold",
    "think time off": "think_time",
    "imported while the clock ran": "imports",
}
"""By what stands in a note of a sample: its warning."""


@dataclass(frozen=True, slots=True)
class DataWarning:
    """A doubt about some numbers; its words are a block of the template `warnings`."""

    where: str
    """The name of a scenario; "" for all."""
    what: str
    cause: str
    remedy: str


def of_scenario(view: ScenarioView) -> list[DataWarning]:
    """Return the doubts about one scenario."""
    return [*_of_samples(view), *_of_cells(view)]


def _of_samples(view: ScenarioView) -> Iterator[DataWarning]:
    warn, rows = partial(_warning, view.name), view.rows
    if view.noise and relative_width(view.noise) > NOISY:
        yield warn("noisy", noise=view.noise)
    few = sum(0 < row.pairs <= FEW_PAIRS for row in rows)
    if few:
        yield warn("few_pairs", few=few, cells=len(rows), few_pairs=FEW_PAIRS)
    samples = [sample for row in rows for sample in row.cell.samples]
    reasons = [sample.invalid for sample in samples if sample.invalid]
    counts = Counter(
        next(block for begin, block in INVALID_REASONS.items() if reason.startswith(begin)) for reason in reasons
    )
    counts.update(block for part, block in NOTES.items() for sample in samples for note in sample.notes if part in note)
    for block in (*INVALID_REASONS.values(), *NOTES.values()):
        if counts[block]:
            yield warn(block, count=counts[block])


def _of_cells(view: ScenarioView) -> Iterator[DataWarning]:
    warn, rows = partial(_warning, view.name), view.rows
    if not all(row.cell.baseline_parity.ok for row in rows):
        yield warn("unequal_work")
    if wrong := [safe(row.name) for row in rows if row.samples and not (row.cell.parity.ok or row.cell.is_null_cell)]:
        yield warn("other_items", names=wrong)
    if (share := max(steal_share(row.cell) for row in rows)) > STEAL:
        yield warn("steal", share=share)
    if (load := max(row.cell.load_before.load_1m / row.cell.environment.cores for row in rows)) > BUSY:
        yield warn("busy", load=load)
    if apart := [safe(row.name) for row in rows if row.witnesses_apart]:
        yield warn("witnesses", names=apart)
    if again := [safe(row.name) for row in rows if row.cell.attempt > 1]:
        yield warn("tried_again", names=again)


def of_machines(results: Results) -> Iterator[DataWarning]:
    """Yield the doubts about all numbers: unsteady clocks, heat, and jobs that ran beside a measurement."""
    cells, warn = results.cells, partial(_warning, "")
    governors = {cell.environment.governor for cell in cells} - {None, "performance"}
    if governors:
        yield warn("governor", names=sorted(safe(str(name)) for name in governors))
    clocks: dict[str, list[float]] = {}
    for cell in cells:
        if cell.load_after.cpu_mhz:
            clocks.setdefault(cell.environment.host, []).append(cell.load_after.cpu_mhz)
    for host, rates in clocks.items():
        # Right after work they should be alike.
        if min(rates) < SLOWED * max(rates):
            yield warn("throttled", host=host, rates=rates)
    beside = Counter(
        str(job["rule"])
        for job in results.jobs
        for cell in cells
        if job.get("host") == cell.environment.host
        and float(job["started_at"]) < cell.ended_at
        and cell.started_at < float(job["ended_at"])
    )
    for rule, count in sorted(beside.items()):
        yield warn("beside", rule=rule, count=count)


def steal_share(cell: Cell) -> float:
    """Give the share of the processors' time that others kept away while a cell was measured."""
    seconds = (cell.ended_at - cell.started_at) * cell.environment.cores
    return max(0.0, cell.load_after.steal_s - cell.load_before.steal_s) / seconds if seconds > 0 else 0.0


def _warning(where: str, block: str, **values: Any) -> DataWarning:
    return DataWarning(where, *texts("warnings", block, **values))
