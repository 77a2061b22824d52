"""The end of the report: machine, software, doubts, invalid samples, and how to read it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ingest_bench.report.blocks import Block, Paragraph, Points, Table, entries
from ingest_bench.report.formatting import NOTHING, counted, listed, percent, safe
from ingest_bench.report.model.overhead import overhead_told
from ingest_bench.report.model.study import Study
from ingest_bench.report.model.warnings import steal_share
from ingest_bench.results.models import Cell, Environment

HOW_TO_READ = """\
A **cell** is a scenario, a strategy and a concurrency. It is measured in **pairs**: one run of the scenario's baseline
and one of the cell, back to back in random order, each in a fresh process. Imports and set-up come before the clock
starts.

**Speed-up** is the median of the pairs' ratios of items per second, cell over baseline; in brackets is the interval for
the typical ratio, at the confidence of `sampling.confidence`. Time, throughput and memory are medians of the cell's own
runs: they describe this machine at that time, and no verdict rests on them.

The **baseline** against itself shows the **noise**. A speed-up whose interval holds 1, or that lies within the noise,
is *no difference*.

A row ~~struck through~~ delivered something else than the corpus holds, by a digest that doesn't depend on the order of
items; its time says nothing.

**Warm**: the files were read once before, and lie in memory. **Cold**: their pages were evicted right before each run,
outside the clock.

**Memory** is the peak of the process (resident set, MiB, with the largest of its children); **Overhead** is the part of
it above what the interpreter and its imports take. **Traced** is the peak of Python's own objects, from a run of its
own without a clock that ends after `sampling.tracemalloc_items` items. **CPU** is processor time over wall time; above
100%, several processors worked.

**Server's** is the mean time from a request's arrival to its answer, **Client's** the time of the run over its
requests. **In flight** is the server's average over time. **Bucket** is (answered requests - burst) / rate, the least
time that a rate limit allows. **Exponent** is log(time ratio) / log(items ratio): 1 is linear growth.
"""


NONE = Paragraph("None.")


def warnings_section(study: Study) -> Block:
    """List every doubt with its likely cause and what to do."""
    rows = [entries([safe(doubt.where or "all"), doubt.what, doubt.cause, doubt.remedy]) for doubt in study.cautions]
    return Table("Warnings", ["Scenario", "What", "Likely cause", "What to do"], rows) if rows else NONE


def environment_section(study: Study) -> list[Block]:
    """Tell the machines, the software and how busy the machines were."""
    cells = study.results.cells
    found = list({cell.environment.model_dump_json(): cell.environment for cell in cells}.values())
    titles = ["", *(safe(each.host) for each in found)]
    rows = [entries([name, *(value(each) for each in found)]) for name, value in _FACTS.items()]
    seed = f"Seed: {study.results.seed}. The same seed and settings give the same corpora, byte by byte."
    machines = Table("Machines", titles, rows)
    return [
        machines,
        Paragraph(_packages(found)),
        Paragraph(_busy(cells)),
        Paragraph(overhead_told(study.results)),
        Paragraph(seed),
    ]


def invalid_samples_section(study: Study) -> Block:
    """List every invalid sample with its reason."""
    rows = [
        entries([view.name, safe(row.name), str(sample.pair), sample.role, safe(sample.invalid)])
        for view in study.views
        for row in view.rows
        for sample in row.cell.samples
        if sample.invalid
    ]
    return Table("Invalid samples", ["Scenario", "Cell", "Pair", "Side", "Reason"], rows) if rows else NONE


def notes_section(study: Study) -> Block:
    """List what samples remarked, with how often."""
    notes = Counter(
        _kind_of_note(note) for cell in study.results.cells for sample in cell.samples for note in sample.notes
    )
    told = [f"{safe(note)} ({counted(count, 'sample')})" for note, count in notes.most_common(20)]
    return Points(told) if told else NONE


def how_to_read() -> Block:
    """Explain the words and columns."""
    return Points([" ".join(text.split()) for text in HOW_TO_READ.split("\n\n")])


_FACTS: dict[str, Callable[[Environment], str]] = {
    "Processor": lambda each: safe(each.cpu_model),
    "Cores": lambda each: str(each.cores) + (f", {each.cpu_limit:g} allowed" if each.cpu_limit else ""),
    "Governor": lambda each: safe(each.governor or NOTHING),
    "Memory (GiB)": lambda each: (
        f"{each.memory_gib:g}" + (f", {each.memory_limit_gib:g} allowed" if each.memory_limit_gib else "")
    ),
    "Container": lambda each: safe(each.container or "none"),
    "Kernel": lambda each: safe(each.kernel),
    "File system": lambda each: safe(each.filesystem or NOTHING),
    "Python": lambda each: safe(each.python),
    "Commit": lambda each: safe(each.commit or NOTHING),
}


def _packages(found: list[Environment]) -> str:
    versions: dict[str, set[str]] = {}
    for each in found:
        for name, version in each.packages.items():
            versions.setdefault(name, set()).add(version)
    return (
        "Packages: "
        + listed([f"{safe(name)} {safe(' or '.join(sorted(versions[name])))}" for name in sorted(versions)])
        + "."
    )


def _busy(cells: list[Cell]) -> str:
    if not cells:
        return ""
    before = [cell.load_before.load_1m for cell in cells]
    after = [cell.load_after.load_1m for cell in cells]
    steal = [steal_share(cell) for cell in cells]
    return (
        f"Load before a cell: {min(before):.2f} to {max(before):.2f}; after it, by its own work: {min(after):.2f} to "
        f"{max(after):.2f}. Steal time: at most {percent(max(steal))} of a cell's time."
    )


def _kind_of_note(note: str) -> str:
    kinds = {
        "outlier": "outlier: its pair's ratio is far from the others",
        "think time off": "think time off: the server didn't sleep as long as it was asked to",
    }
    return next((told for begin, told in kinds.items() if note.startswith(begin)), note)
