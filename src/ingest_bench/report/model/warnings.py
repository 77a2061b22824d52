"""What makes the numbers less certain, the likely cause of it, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from ingest_bench.analysis.speedup import relative_width
from ingest_bench.report.formatting import counted, interval, listed, percent, safe
from ingest_bench.report.model.scenario import View
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
ROOM = "measure on more cores, or give the server more think time"
EVERYWHERE = ""
"""In place of a scenario's name."""


@dataclass(frozen=True, slots=True)
class Caution:
    """A doubt about some numbers."""

    where: str
    what: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Check:
    """Something that may be wrong with a scenario."""

    what: Callable[[View], str | None]
    """Says what is wrong, where it is."""
    cause: str
    remedy: str


def of_scenario(view: View) -> list[Caution]:
    """List the doubts about one scenario, in the order of the checks."""
    return [Caution(view.name, what, each.cause, each.remedy) for each in CHECKS if (what := each.what(view))]


def of_machines(results: Results) -> Iterator[Caution]:
    """List the doubts about all numbers: unsteady clocks, heat, and jobs that ran beside a measurement."""
    cells = results.cells
    governors = {cell.environment.governor for cell in cells} - {None, "performance"}
    if governors:
        yield Caution(
            EVERYWHERE,
            f"frequency governor {listed(sorted(safe(str(name)) for name in governors))}",
            "the processor saves power",
            "set it to performance while measuring",
        )
    clocks: dict[str, list[float]] = {}
    for cell in cells:
        if cell.load_after.cpu_mhz:
            clocks.setdefault(cell.environment.host, []).append(cell.load_after.cpu_mhz)
    for host, rates in clocks.items():
        # Right after work they should be alike.
        if min(rates) < SLOWED * max(rates):
            yield Caution(
                EVERYWHERE,
                f"throttled: after cells the clock of {safe(host)} ran at {min(rates):,.0f} to {max(rates):,.0f} MHz",
                "heat, a limit on power, or a processor that saves power",
                "cool the machine, plug it in, set its governor to performance, and measure again",
            )
    beside = Counter(str(job["rule"]) for job in results.jobs for cell in cells if _overlap(cell, job))
    for rule, count in sorted(beside.items()):
        yield Caution(
            EVERYWHERE,
            f"jobs of rule {safe(rule)} ran beside {counted(count, 'measurement')}",
            "a second run of the workflow",
            "run one at a time",
        )


def steal_share(cell: Cell) -> float:
    """Give the share of the processors' time that others kept away while a cell was measured."""
    seconds = (cell.ended_at - cell.started_at) * cell.environment.cores
    return max(0.0, cell.load_after.steal_s - cell.load_before.steal_s) / seconds if seconds > 0 else 0.0


def _noisy(view: View) -> str | None:
    noise = view.noise
    if noise is None or relative_width(noise) <= NOISY:
        return None
    return f"noisy: the baseline against itself shows {interval(noise)}"


def _few_pairs(view: View) -> str | None:
    few = sum(row.cell.speedup is not None and row.cell.speedup.pairs <= FEW_PAIRS for row in view.rows)
    return f"few pairs: {few} of {counted(len(view.rows), 'cell')} rest on {FEW_PAIRS} or fewer" if few else None


def _invalid(kind: str, word: str, view: View) -> str | None:
    reasons = [sample.invalid for row in view.rows for sample in row.cell.samples if sample.invalid]
    count = sum(next(each for each in INVALID_REASONS if reason.startswith(each)) == kind for reason in reasons)
    return f"{word}: {counted(count, 'sample')} invalid, listed at the end" if count else None


def _unequal_work(view: View) -> str | None:
    unlike = any(not row.cell.baseline_parity.ok for row in view.rows)
    return "the baseline doesn't deliver what the corpus holds" if unlike else None


def _other_items(view: View) -> str | None:
    wrong = [row for row in view.rows if row.samples and not (row.cell.parity.ok or row.cell.is_null_cell)]
    return f"not the same items: {listed([safe(row.name) for row in wrong])}" if wrong else None


def _stolen_time(view: View) -> str | None:
    share = max(steal_share(row.cell) for row in view.rows)
    return f"steal time: up to {percent(share)} of the processors' time went to others" if share > STEAL else None


def _busy_before(view: View) -> str | None:
    load = max(row.cell.load_before.load_1m / row.cell.environment.cores for row in view.rows)
    return f"busy machine: a load of up to {load:.1f} per core before a cell" if load > BUSY else None


def _tried_again(view: View) -> str | None:
    cells = [safe(row.name) for row in view.rows if row.cell.attempt > 1]
    return f"measured at a later try: {listed(cells)}" if cells else None


def _noted(part: str, told: str, view: View) -> str | None:
    count = sum(part in note for row in view.rows for sample in row.cell.samples for note in sample.notes)
    return f"{told} in {counted(count, 'sample')}" if count else None


INVALID_REASONS = {
    "the server was saturated": (
        "saturated server",
        "the simulated server shares the processors with the client",
        ROOM,
    ),
    "Little's law": ("server out of step", "the server was too busy to keep its own record", ROOM),
    "no items": (
        "nothing delivered",
        "the source was empty, or refused every request",
        "read the cell's log, mend the source, and run again",
    ),
    "the server answered 429": (
        "refusals unnoticed",
        "a client that asks again by itself, and doesn't say so",
        "raise the server's rate, or leave this way out of the scenario",
    ),
    "": ("unusable", "given with each of them", "read the cell's log, and measure again on a quieter machine"),
}
"""By how the reason of an invalid sample (`ingest_bench.harness.validity`) begins: its name, likely cause, remedy."""
CHECKS = (
    Check(
        _noisy,
        "other programs, a changing clock rate, or runs too short to be steady",
        "quiet the machine; raise sampling.budget_seconds",
    ),
    Check(_few_pairs, "the time for a cell was spent", "raise sampling.budget_seconds or sampling.pairs.min"),
    *(Check(partial(_invalid, kind, word), cause, remedy) for kind, (word, cause, remedy) in INVALID_REASONS.items()),
    Check(
        _unequal_work, "a known defect, or a fault of the baseline", "read its speed-ups as a comparison of unlike work"
    ),
    Check(
        _other_items,
        "a defect of that way, or files that changed while it ran; its reason stands below the table",
        "don't use it; where the files changed, run again",
    ),
    Check(_stolen_time, "a virtual machine on a shared host", "measure on a machine of your own, or at another time"),
    Check(_busy_before, "another program, or the cell before it", "stop other programs and measure again"),
    Check(_tried_again, "a node or job that failed", "look into the log of the cell"),
    Check(
        partial(_noted, "still in memory", "not quite cold: pages were still in memory"),
        "the file system keeps them, or others read the same files",
        "put the results on a local disk",
    ),
    Check(
        partial(_noted, "think time off", "think time off by a fifth and more"),
        "the server was busy with many or large pages, or shares the processors with the client",
        ROOM,
    ),
    Check(
        partial(_noted, "imported while the clock ran", "imports inside the clock"),
        "a package that loads parts of itself late",
        "use a larger corpus, of which imports are a smaller part; compare its times with care",
    ),
)


def _overlap(cell: Cell, job: dict[str, object]) -> bool:
    begin, end = float(str(job["started_at"])), float(str(job["ended_at"]))
    return job.get("host") == cell.environment.host and begin < cell.ended_at and cell.started_at < end
