"""A scenario in the report: what it was measured on, its table, and what its numbers say."""

from ingest_bench.analysis.speedup import median_of
from ingest_bench.report.blocks import BulletList, Entry, Table, leading_number
from ingest_bench.report.formatting import (
    NOTHING,
    bracketed,
    interval,
    number,
    percent,
    safe,
    sentence,
    speed_up,
    whole,
)
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.ranking import best, concurrency, same_as_baseline, smallest_alike, tie, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text, texts


def scenario_table(data: ReportData, view: ScenarioView) -> list[Table | BulletList]:
    """Make the table of a scenario, every cell in a row of its own, and below it why rows are struck through."""
    columns = [*_columns(view), *kind_of(view).columns(data, view)]
    titles, top = [column.title for column in columns], best(usable(view))
    top_is_faster = top is not None and not same_as_baseline(view, top)
    rows = [
        [_cell(row, column, bold=row is top and top_is_faster and column.title == "Speed-up") for column in columns]
        for row in view.rows
    ]
    numeric = frozenset(range(1, len(titles)))
    faulty = next((row.cell.baseline_parity for row in view.rows if not row.cell.baseline_parity.ok), None)
    remarks = texts("scenario_table", "remarks", view=view, faulty=faulty)
    table = Table(f"Cells of {safe(view.title)}", titles, rows, numeric)
    return [table, BulletList(remarks)] if remarks else [table]


def speed_up_text(view: ScenarioView, row: CellView) -> str:
    """Write the speed-up of a cell: a factor, or that none is known; of the baseline itself the noise."""
    ratio = row.cell.speedup
    if ratio is None:
        return NOTHING
    if row.cell.is_null_cell:
        return f"baseline (noise {interval(ratio)})"
    words = tie(view, ratio)
    return f"{words} ({interval(ratio)})" if words else speed_up(ratio)


def _columns(view: ScenarioView) -> list[Column]:
    return [
        Column("Strategy", lambda row: safe(row.cell.label)),
        Column("Concurrency", lambda row: str(row.level)),
        Column("Time (s)", lambda row: number(row.time_s)),
        Column("Throughput (items/s)", lambda row: whole(row.rate)),
        Column("Memory (MiB)", lambda row: whole(row.peak_mib)),
        Column(
            "Speed-up",
            lambda row: speed_up_text(view, row),
            lambda row: row.cell.speedup.median if row.cell.speedup else None,
        ),
        Column("Pairs", lambda row: str(row.pairs)),
        Column("CPU", lambda row: percent(row.cpu_share)),
        Column("tracemalloc peak (MiB)", lambda row: number(row.cell.trace.peak_mib)),
        *([Column("Speed-up by CPU time", _by_cpu_time)] if any(row.busy for row in view.rows) else []),
    ]


def _by_cpu_time(row: CellView) -> str:
    return NOTHING if row.cell.is_null_cell else speed_up(row.cpu_speedup)


def _cell(row: CellView, column: Column, *, bold: bool) -> Entry:
    text = column.text(row)
    key = column.key(row) if column.key else leading_number(text)
    if not row.cell.parity.ok and text != NOTHING:
        return Entry(f"~~{text}~~", key)
    return Entry(f"**{text}**" if bold else text, key)


def corpus_text(view: ScenarioView) -> str:
    """Return in one paragraph what was ingested, from where, and what it is compared with."""
    return text(
        "scenario_setup",
        "setup",
        view=view,
        corpus=view.corpus,
        server=view.scenario.server,
        items=view.corpus.items if view.expected is None else view.expected,
        seconds=median_of(sample.wall_s for sample in view.baseline_samples),
    )


def group_title(group: str) -> str:
    """Make the heading of a group of scenarios out of its name."""
    return sentence(" ".join({"api": "API"}.get(word, word) for word in group.split("_")))


def findings(data: ReportData, view: ScenarioView) -> str:
    """Return what a scenario has shown."""
    if not usable(view):
        return text("findings", "nothing", view=view)
    special = kind_of(view).finding(data, view)
    if view.scenario.of_commands:
        return special or fastest(view)
    parts = (special,) if view.scenario.of_stages else (fastest(view), special, helped(view))
    return " ".join(part for part in parts if part)


def fastest(view: ScenarioView) -> str:
    """Return which way is fastest, what it costs in memory, and what does as well with less; "" if none is usable."""
    top = best(usable(view))
    if top is None:
        return ""
    nearest = best([row for row in usable(view) if not row.cell.is_null_cell])
    return text(
        "findings",
        "fastest",
        view=view,
        top=top,
        faster=not same_as_baseline(view, top),
        before=median_of(sample.peak_rss_mib for sample in view.baseline_samples),
        less=smallest_alike(view, top),
        nearest=nearest,
        tie="" if nearest is None else tie(view, nearest.standing),
    )


def helped(view: ScenarioView) -> str | None:
    """Return whether several things at a time are faster than one; None where only one of both was measured."""
    compared = concurrency(view)
    if compared is None:
        return None
    verdict, many, one, ratio = compared
    return f"Concurrency {verdict} ({safe(many.name)} against {safe(one.name)}: {bracketed(ratio)})."
