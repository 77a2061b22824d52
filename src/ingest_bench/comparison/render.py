"""Renders a comparison: plain text for a terminal, Markdown for a file."""

import statistics
from collections.abc import Callable, Sequence

from tabulate import tabulate

from ingest_bench.comparison.compare import told
from ingest_bench.comparison.models import VERDICTS, CellComparison, Comparison, Run
from ingest_bench.report.formatting import NOTHING, day, number, plain, safe, times
from ingest_bench.report.templating import document
from ingest_bench.results.models import Speedup
from stac_ingest.core.text import counted

TITLES = (
    *("Verdict", "Scenario", "Arm", "Speed-up then", "now", "Change (95%)", "By", "The other time", "p"),
    *("Min. detectable change", "Why"),
)
TIMES = {"wall": "wall", "cpu": "CPU"}
MIN_P = 0.001
"""A smaller one is shown as less than it."""
_MAX_FACTOR = 100
"""A larger factor is shown as "over"."""
_MAX_NAMED = 5
"""Cells that the summary names; the table has all."""


def summary(comparison: Comparison) -> str:
    """Give the counts of the verdicts, the cells that are worse, and the smallest change that was detectable."""
    counts = ", ".join(f"{len(comparison.with_verdict(verdict))} {verdict}" for verdict in VERDICTS)
    worse = [f"{_name(cell)} {_change(cell) or cell.reason}" for cell in comparison.with_verdict("worse")]
    more = [f"{len(worse) - _MAX_NAMED} more"] if len(worse) > _MAX_NAMED else []
    head = f"Worse: {'; '.join([*worse[:_MAX_NAMED], *more])}" if worse else "No regression beyond noise"
    if (slower := comparison.slower_under_load) and not worse:
        head = f"No answer: {counted(len(slower), 'cell')} slower, but other work ran beside the measurement"
    compared = [cell for cell in comparison.cells if cell.change]
    return " ".join([f"{head} ({counts}).", *([_sensitivity(compared)] if compared else [])])


def as_text(comparison: Comparison) -> str:
    """Give the text for a terminal, with the most important lines last."""
    rows = [[plain(text) for text in _cell_row(cell)] for cell in reversed(_by_weight(comparison))]
    table = tabulate(rows, headers=TITLES, disable_numparse=True)
    lines = [f"Earlier: {_run(comparison.earlier)}", f"Current: {_run(comparison.current)}", "", table, ""]
    lines += [f"warning: {_whole(warning, plain)}" for warning in comparison.warnings]
    return "\n".join([*lines, _whole(summary(comparison), plain)])


def as_markdown(comparison: Comparison) -> str:
    """Give a report of its own, with the most important cells first."""
    return document(
        "compare",
        comparison=comparison,
        summary=_whole(summary(comparison), safe),
        earlier=safe(_run(comparison.earlier)),
        current=safe(_run(comparison.current)),
        warnings=[_whole(text, safe) for text in comparison.warnings],
        titles=TITLES,
        cells=[[safe(text) for text in _cell_row(cell)] for cell in _by_weight(comparison)],
        factor=_factor,
        span=_span,
    )


def _by_weight(comparison: Comparison) -> list[CellComparison]:
    return [cell for verdict in VERDICTS for cell in comparison.with_verdict(verdict)]


def _cell_row(cell: CellComparison) -> list[str]:
    p, other = number(cell.change.p) if cell.change else NOTHING, cell.witness
    return [
        cell.verdict,
        cell.scenario,
        f"{cell.label}, {cell.concurrency}",
        _ratio(cell.earlier),
        _ratio(cell.current),
        _change(cell) or NOTHING,
        TIMES[cell.figure] if cell.change else NOTHING,
        f"{_factor(other.factor)} ({_factor(other.low)} to {_factor(other.high)})" if other else NOTHING,
        "< 0.001" if cell.change and cell.change.p < MIN_P else p,
        _factor(cell.change.minimum_detectable_change) if cell.change else NOTHING,
        "; ".join([cell.reason, *(told(each) for each in cell.counters if not each.gate)]),
    ]


def _sensitivity(compared: Sequence[CellComparison]) -> str:
    changes = [(cell.change.minimum_detectable_change, _name(cell)) for cell in compared if cell.change]
    maximum, name = max(changes)
    return (
        f"Median minimum detectable change: {_factor(statistics.median(change for change, _ in changes))}; "
        f"the largest, of {name}: {_factor(maximum)}."
    )


def _name(cell: CellComparison) -> str:
    return f"{cell.scenario}/{cell.arm}-{cell.concurrency}"


def _change(cell: CellComparison) -> str | None:
    change = cell.change
    return f"{_factor(change.factor)} ({_factor(change.low)} to {_factor(change.high)})" if change else None


def _run(run: Run) -> str:
    commit = f", commit {run.commit[:10]}" if run.commit else ""
    return plain(f"{run.file}, {day(run.created_at)}{commit}{f', on {run.host}' if run.host else ''}")


def _ratio(ratio: Speedup | None) -> str:
    return times(ratio.median) if ratio else NOTHING


def _span(ratio: Speedup | None) -> str:
    return f"{_factor(ratio.low)} to {_factor(ratio.high)}" if ratio else NOTHING


def _factor(value: float) -> str:
    return f"over {_MAX_FACTOR}x" if value > _MAX_FACTOR else f"{value:.2f}x"


def _whole(text: str, clean: Callable[[str], str]) -> str:
    """Give a text that was cleaned word by word, since cleaned as a whole it would be cut short."""
    return " ".join(map(clean, text.split()))
