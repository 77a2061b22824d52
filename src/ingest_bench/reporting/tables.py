"""The table of a scenario: the seed's columns, then what the scenario asks for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tabulate import tabulate

from ingest_bench.reporting.columns import Column, extra_columns
from ingest_bench.reporting.compare import best, same_as_baseline, usable
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import NOTHING, counted, interval, number, percent, point, safe, speed_up, whole


def scenario_table(study: Study, view: View) -> str:
    """Write the table of a scenario, every cell in a row of its own, and below it why rows are struck through."""
    columns = [*_columns(view), *extra_columns(study, view)]
    rows = [_cells(view, row, columns) for row in view.rows]
    titles = [column.title for column in columns]
    return "\n\n".join([pipe_table(titles, rows, range(1, len(titles))), *_remarks(view)])


def pipe_table(titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[int] = ()) -> str:
    """Write a Markdown table that also reads well as plain text.

    Args:
        titles: of the columns.
        rows: text, made safe already.
        numeric: positions of the columns that are aligned to the right.

    """
    align = ["right" if place in numeric else "left" for place in range(len(titles))]
    return tabulate(rows, headers=titles, tablefmt="pipe", colalign=align, disable_numparse=True)


def speed_up_text(view: View, row: Row) -> str:
    """Write the speed-up of a cell: a factor, *no difference*, or the noise that the baseline itself shows."""
    ratio = row.cell.ratio
    if ratio is None:
        return NOTHING
    if row.cell.null:
        return f"baseline (noise {interval(ratio)})"
    if same_as_baseline(view, row):
        return f"no difference ({interval(ratio)})"
    return speed_up(ratio)


def _columns(view: View) -> list[Column]:
    return [
        Column("Strategy", lambda row: safe(row.cell.label)),
        Column("Concurrency", lambda row: str(row.level)),
        Column("Time (s)", lambda row: number(row.time_s)),
        Column("Throughput (items/s)", lambda row: whole(row.rate)),
        Column("Memory (MB)", lambda row: whole(row.peak_mb)),
        Column("Speed-up", lambda row: speed_up_text(view, row)),
        Column("Pairs", lambda row: str(row.cell.ratio.pairs if row.cell.ratio else 0)),
        Column("CPU", lambda row: percent(row.cpu_share)),
        Column("Traced (MB)", lambda row: number(row.cell.trace.peak_mb)),
    ]


def _cells(view: View, row: Row, columns: Sequence[Column]) -> list[str]:
    texts = [column.text(row) for column in columns]
    if not row.cell.parity.ok:
        return [text if text == NOTHING else f"~~{text}~~" for text in texts]
    if row is best(usable(view)) and not same_as_baseline(view, row):
        bold = {"Speed-up"}
        return [f"**{text}**" if column.title in bold else text for column, text in zip(columns, texts, strict=True)]
    return texts


def _remarks(view: View) -> list[str]:
    points = [
        f"~~{safe(row.name)}~~: not what the corpus holds, so it has no place in the comparison: "
        f"{safe(row.cell.parity.reason or 'its digest differs')}."
        for row in view.rows
        if not row.cell.parity.ok
    ]
    points += [f"{safe(row.name)}: {_unmeasured(row)}." for row in view.rows if row.cell.ratio is None]
    faulty = next((row.cell.baseline_parity for row in view.rows if not row.cell.baseline_parity.ok), None)
    if faulty:
        reason = "" if view.null else f": {safe(faulty.reason or 'its digest differs')}"
        points.append(f"The baseline is such a one, {safe(view.baseline)}, so speed-ups compare unlike work{reason}.")
    return ["\n".join(point(text) for text in points)] if points else []


def _unmeasured(row: Row) -> str:
    voids = sum(sample.void is not None for sample in row.cell.samples)
    return f"no speed-up, for want of valid pairs ({counted(voids, 'void sample')})"
