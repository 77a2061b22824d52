"""What was measured, and one line a scenario."""

from __future__ import annotations

from ingest_bench.report.blocks import Block, Entry, Paragraph, Table, entries
from ingest_bench.report.formatting import NOTHING, counted, day, listed, safe, span, speed_up, whole
from ingest_bench.report.model.cell import Row
from ingest_bench.report.model.ranking import best, recommended, rival, same_as_baseline, usable
from ingest_bench.report.model.scenario import View
from ingest_bench.report.model.study import Study
from ingest_bench.results.models import Environment


def summary(study: Study) -> list[Block]:
    """Tell what was measured where, and the best and the recommended way of each scenario."""
    titles = ["Scenario", "Baseline", "Best", "Speed-up", "Recommended", "Memory (MiB)"]
    parts: list[Block] = [Paragraph(measured(study))]
    if study.cautions:
        told = f"{counted(len(study.cautions), 'warning')} about these numbers"
        parts.append(Paragraph(f"{told}: see [Warnings](#warnings) before relying on them."))
    lines = [_line(view) for view in study.views if not view.scenario.of_stages]
    parts.append(Table("All scenarios", titles, lines, frozenset((3, 5))))
    parts.append(
        Paragraph(
            "Recommended is the simplest way within 5% of the best of those that can be set, with 95% probability, or "
            "else the provisional choice; after *or* stands a smaller one that more pairs might show to be as good. "
            "Memory is the recommended one's peak. Speed-ups are against the scenario's baseline, with their intervals."
        )
    )
    return parts


def measured(study: Study) -> str:
    """Say on which machine, when, and how much was measured."""
    results = study.results
    machines = {cell.environment.host: cell.environment for cell in results.cells}
    names = listed([machine(found) for found in list(machines.values())[:1]])
    more = f" and {counted(len(machines) - 1, 'machine')} like it" if len(machines) > 1 else ""
    samples = sum(len(cell.samples) for cell in results.cells)
    seconds = sum(cell.ended_at - cell.started_at for cell in results.cells)
    return (
        f"Measured on {names}{more}, {_days(study)}: {counted(len(results.cells), 'cell')} in "
        f"{counted(len(study.views), 'scenario')}, {counted(samples, 'sample')}, {span(seconds)} of measuring."
    )


def machine(found: Environment) -> str:
    """Describe a machine in one line."""
    limits = [f"{found.cpu_limit:g} of them allowed"] if found.cpu_limit else []
    parts = [
        safe(found.cpu_model),
        ", ".join([counted(found.cores, "core"), *limits]),
        f"{found.memory_gib:.0f} GiB of memory",
        f"Python {safe(found.python)}",
        *([f"on {safe(found.filesystem)}"] if found.filesystem else []),
        *([f"in {safe(found.container)}"] if found.container else []),
    ]
    return f"{safe(found.host)} ({', '.join(parts)})"


def _days(study: Study) -> str:
    if not study.results.cells:
        return day(study.results.created_at)
    first = day(min(cell.started_at for cell in study.results.cells))
    last = day(max(cell.ended_at for cell in study.results.cells))
    return first if first == last else f"{first} to {last}"


def _line(view: View) -> list[Entry]:
    top, use = best(usable(view)), recommended(view)
    baseline = safe(view.baseline)
    if top is None:
        return entries([safe(view.title), baseline, NOTHING, NOTHING, NOTHING, NOTHING])
    faster = not same_as_baseline(view, top)
    return [
        Entry(safe(view.title)),
        Entry(baseline),
        Entry(_way(top) if faster else NOTHING),
        Entry(speed_up(top.standing) if faster else "no difference", top.standing.median if faster else 1.0),
        Entry(" or ".join(_way(row) for row in (use, rival(view)) if row) or NOTHING),
        Entry(whole(use.peak_mib if use else None), use.peak_mib if use else None),
    ]


def _way(row: Row) -> str:
    return f"{safe(row.cell.label)}, {row.level}"
