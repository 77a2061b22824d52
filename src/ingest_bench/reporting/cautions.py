"""What makes the numbers less certain, the likely cause of it, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.void_kinds import OTHER_VOID, ROOM, VOIDS
from ingest_bench.reporting.wording import counted, interval, listed, percent, safe, span
from ingest_bench.results import Cell
from ingest_bench.statistics import relative_width

NOISY = 0.25
"""Relative width of the null cell's interval from which differences of everyday size go unseen."""
FEW_PAIRS = 3
STEAL = 0.02
"""Share of the processors' time kept away by others that shows in the numbers."""
BUSY = 1.5
"""Load before a cell, per core."""
SLOWED = 0.8
"""The lowest clock rate after a cell, relative to the highest, from which on it shows in the numbers."""


@dataclass(frozen=True, slots=True)
class Caution:
    """A doubt about some numbers."""

    where: str
    what: str
    cause: str
    remedy: str


def cautions(study: Study) -> list[Caution]:
    """List all doubts, scenario by scenario."""
    found = [caution for view in study.views for caution in of_scenario(view)]
    return [*found, *machine_cautions(study)]


def of_scenario(view: View) -> list[Caution]:
    """List the doubts about one scenario."""
    tellers: tuple[Callable[[View], Iterator[Caution]], ...] = (
        noisy,
        few_pairs,
        void_samples,
        unequal_work,
        other_items,
        stolen_time,
        busy_before,
        tried_again,
        remarks_of_samples,
    )
    return [caution for tell in tellers for caution in tell(view)]


def noisy(view: View) -> Iterator[Caution]:
    """Tell of a baseline that varies a lot against itself."""
    if view.noise and relative_width(view.noise) > NOISY:
        yield Caution(
            view.name,
            f"noisy: the baseline against itself shows {interval(view.noise)}",
            "other programs, a changing clock rate, or runs too short to be steady",
            "quiet the machine; raise sampling.budget_seconds",
        )


def few_pairs(view: View) -> Iterator[Caution]:
    """Tell of cells that ended with few pairs."""
    cells = [row for row in view.rows if row.cell.ratio and row.cell.ratio.pairs <= FEW_PAIRS]
    if cells:
        yield Caution(
            view.name,
            f"few pairs: {len(cells)} of {counted(len(view.rows), 'cell')} rest on {FEW_PAIRS} or fewer",
            "the time for a cell was spent",
            "raise sampling.budget_seconds or sampling.pairs.min",
        )


def void_samples(view: View) -> Iterator[Caution]:
    """Tell of samples that couldn't be used, by kind of reason."""
    voids = [sample.void for row in view.rows for sample in row.cell.samples if sample.void]
    counts = Counter(next((kind for kind in VOIDS if reason.startswith(kind)), "") for reason in voids)
    for kind, count in counts.items():
        what, cause, remedy = VOIDS.get(kind, OTHER_VOID)
        yield Caution(view.name, f"{what}: {counted(count, 'sample')} void, listed at the end", cause, remedy)


def unequal_work(view: View) -> Iterator[Caution]:
    """Tell of a baseline that doesn't deliver what the corpus holds."""
    if any(not row.cell.baseline_parity.ok for row in view.rows):
        yield Caution(
            view.name,
            "the baseline doesn't deliver what the corpus holds",
            "a known defect, or a fault of the baseline",
            "read its speed-ups as a comparison of unlike work",
        )


def other_items(view: View) -> Iterator[Caution]:
    """Tell of ways that don't deliver what the corpus holds."""
    wrong = [row for row in view.rows if row.samples and not (row.cell.parity.ok or row.cell.null)]
    if wrong:
        yield Caution(
            view.name,
            f"not the same items: {listed([safe(row.name) for row in wrong])}",
            "a defect of that way, or files that changed while it ran; its reason stands below the table",
            "don't use it; where the files changed, run again",
        )


def stolen_time(view: View) -> Iterator[Caution]:
    """Tell of processors kept away by others on the same host."""
    share = max(steal_share(row.cell) for row in view.rows)
    if share > STEAL:
        yield Caution(
            view.name,
            f"steal time: up to {percent(share)} of the processors' time went to others",
            "a virtual machine on a shared host",
            "measure on a machine of your own, or at another time",
        )


def busy_before(view: View) -> Iterator[Caution]:
    """Tell of a machine that had work to do before a cell began."""
    load = max(row.cell.load_before.load_1m / row.cell.environment.cores for row in view.rows)
    if load > BUSY:
        yield Caution(
            view.name,
            f"busy machine: a load of up to {load:.1f} per core before a cell",
            "another program, or the cell before it",
            "stop other programs and measure again",
        )


def tried_again(view: View) -> Iterator[Caution]:
    """Tell of cells that needed more than one try."""
    cells = [row for row in view.rows if row.cell.attempt > 1]
    if cells:
        yield Caution(
            view.name,
            f"measured at a later try: {listed([safe(row.name) for row in cells])}",
            "a node or job that failed",
            "look into the log of the cell",
        )


def remarks_of_samples(view: View) -> Iterator[Caution]:
    """Tell of cold files that stayed in memory, of think times that were off, and of imports inside the clock."""
    notes = [note for row in view.rows for sample in row.cell.samples for note in sample.notes]
    warm = sum("still in memory" in note for note in notes)
    off = sum(note.startswith("think time off") for note in notes)
    late = sum(note.startswith("imported while the clock ran") for note in notes)
    if warm:
        yield Caution(
            view.name,
            f"not quite cold: pages were still in memory in {counted(warm, 'sample')}",
            "the file system keeps them, or others read the same files",
            "put the results on a local disk",
        )
    if off:
        yield Caution(
            view.name,
            f"think time off by a fifth and more in {counted(off, 'sample')}",
            "the server was busy with many or large pages, or shares the processors with the client",
            ROOM,
        )
    if late:
        yield Caution(
            view.name,
            f"imports inside the clock in {counted(late, 'sample')}",
            "a package that loads parts of itself late",
            "use a larger corpus, of which imports are a smaller part; compare its times with care",
        )


def machine_cautions(study: Study) -> Iterator[Caution]:
    """List the doubts about all numbers: unsteady clocks, heat, and jobs that ran beside a measurement."""
    cells = study.results.cells
    governors = {cell.environment.governor for cell in cells} - {None, "performance"}
    if governors:
        yield Caution(
            "all",
            f"frequency governor {listed(sorted(safe(str(name)) for name in governors))}",
            "the processor saves power",
            "set it to performance while measuring",
        )
    yield from _slowed(cells)
    beside = Counter(str(job["rule"]) for job in study.results.jobs for cell in cells if _overlap(cell, job))
    for rule, count in sorted(beside.items()):
        yield Caution(
            "all",
            f"jobs of rule {safe(rule)} ran beside {counted(count, 'measurement')}",
            "a second run of the workflow",
            "run one at a time",
        )


def _slowed(cells: list[Cell]) -> Iterator[Caution]:
    """Tell of processors that ran slower after some cells than after others: right after work they should be alike."""
    by_host: dict[str, list[float]] = {}
    for cell in cells:
        if cell.load_after.cpu_mhz:
            by_host.setdefault(cell.environment.host, []).append(cell.load_after.cpu_mhz)
    for host, rates in by_host.items():
        if min(rates) < SLOWED * max(rates):
            yield Caution(
                "all",
                f"throttled: after cells the clock of {safe(host)} ran at {min(rates):,.0f} to {max(rates):,.0f} MHz",
                "heat, a limit on power, or a processor that saves power",
                "cool the machine, plug it in, set its governor to performance, and measure again",
            )


def steal_share(cell: Cell) -> float:
    """Give the share of the processors' time that others kept away while a cell was measured."""
    seconds = (cell.ended_at - cell.started_at) * cell.environment.cores
    return max(0.0, cell.load_after.steal_s - cell.load_before.steal_s) / seconds if seconds > 0 else 0.0


def caution_line(view: View) -> str | None:
    """Write the doubts about a scenario in one line."""
    return "; ".join(caution.what for caution in of_scenario(view)) or None


def measuring_time(study: Study) -> str:
    """Write how long the cells took to measure, all together."""
    return span(sum(cell.ended_at - cell.started_at for cell in study.results.cells))


def _overlap(cell: Cell, job: dict[str, object]) -> bool:
    begin, end = float(str(job["started_at"])), float(str(job["ended_at"]))
    return job.get("host") == cell.environment.host and begin < cell.ended_at and cell.started_at < end
