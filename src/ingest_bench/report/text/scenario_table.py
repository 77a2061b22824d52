"""The table of a scenario: the seed's columns, then what the scenario asks for."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.report.blocks import BulletList, Entry, Table, leading_number
from ingest_bench.report.formatting import NOTHING, interval, number, percent, safe, speed_up, whole
from ingest_bench.report.kinds import kind_of
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import Column
from ingest_bench.report.model.ranking import best, same_as_baseline, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import texts


def scenario_table(data: ReportData, view: ScenarioView) -> list[Table | BulletList]:
    """Make the table of a scenario, every cell in a row of its own, and below it why rows are struck through."""
    columns = [*_columns(view), *kind_of(view).columns(data, view)]
    rows = [_cells(view, row, columns) for row in view.rows]
    titles = [column.title for column in columns]
    numeric = frozenset(range(1, len(titles)))
    faulty = next((row.cell.baseline_parity for row in view.rows if not row.cell.baseline_parity.ok), None)
    remarks = texts("scenario_table", "remarks", view=view, faulty=faulty)
    table = Table(f"Cells of {safe(view.title)}", titles, rows, numeric)
    return [table, BulletList(remarks)] if remarks else [table]


def speed_up_text(view: ScenarioView, row: CellView) -> str:
    """Write the speed-up of a cell: a factor, *no difference*, or the noise that the baseline itself shows."""
    ratio = row.cell.speedup
    if ratio is None:
        return NOTHING
    if row.cell.is_null_cell:
        return f"baseline (noise {interval(ratio)})"
    if same_as_baseline(view, row):
        return f"no difference ({interval(ratio)})"
    return speed_up(ratio)


def _columns(view: ScenarioView) -> list[Column]:
    return [
        Column("Strategy", lambda row: safe(row.cell.label)),
        Column("Concurrency", lambda row: str(row.level)),
        Column("Time (s)", lambda row: number(row.time_s)),
        Column("Throughput (items/s)", lambda row: whole(row.rate)),
        Column("Memory (MiB)", lambda row: whole(row.peak_mib)),
        Column("Speed-up", lambda row: speed_up_text(view, row), _ratio),
        Column("Pairs", lambda row: str(row.cell.speedup.pairs if row.cell.speedup else 0)),
        Column("CPU", lambda row: percent(row.cpu_share)),
        Column("tracemalloc peak (MiB)", lambda row: number(row.cell.trace.peak_mib)),
    ]


def _ratio(row: CellView) -> float | None:
    return row.cell.speedup.median if row.cell.speedup else None


def _cells(view: ScenarioView, row: CellView, columns: Sequence[Column]) -> list[Entry]:
    stands_out = row is best(usable(view)) and not same_as_baseline(view, row)
    return [_cell(row, column, bold=stands_out and column.title == "Speed-up") for column in columns]


def _cell(row: CellView, column: Column, *, bold: bool) -> Entry:
    text = column.text(row)
    key = column.key(row) if column.key else leading_number(text)
    if not row.cell.parity.ok and text != NOTHING:
        return Entry(f"~~{text}~~", key)
    return Entry(f"**{text}**" if bold else text, key)
