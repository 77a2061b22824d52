"""What the report says of a calibration."""

from __future__ import annotations

from ingest_bench.calibration.models import Calibration, Score, WallCell
from ingest_bench.report.blocks import Block, Section, Table, entries
from ingest_bench.report.formatting import NOTHING
from ingest_bench.report.templating import paragraphs


def calibration_section(record: Calibration) -> Section:
    """Return how well the harness finds what is known."""
    blocks: list[Block] = [*paragraphs("calibration", "virtual", record=record)]
    blocks.append(_scores("Known answers in virtual time", record.virtual.scores))
    if record.wall:
        blocks += [
            *paragraphs("calibration", "wall", record=record),
            _cells(record.wall.cells),
            _scores("Checks of the wall clock's samples", record.wall.scores),
        ]
    return Section("Known answers", blocks)


def _scores(about: str, scores: list[Score]) -> Table:
    rows = [
        [
            score.name,
            NOTHING if score.value is None else f"{score.value:.1%}",
            score.limits or NOTHING,
            f"{score.trials:,}",
            _kept(score.passed) if score.limited else NOTHING,
        ]
        for score in scores
    ]
    titles = ["Known answers", "Found", "Limit", "Trials", "Kept"]
    return Table(about, titles, [entries(row) for row in rows], frozenset({1, 3}))


def _cells(cells: list[WallCell]) -> Table:
    rows = [
        [
            cell.name,
            f"{cell.measured:.2f}x ({cell.low:.2f} to {cell.high:.2f})",
            f"{cell.true:.2f}x",
            f"{cell.bias:+.1%}",
            f"{cell.limit:.0%}",
            "yes" if cell.covered else "no",
            _kept(cell.passed),
        ]
        for cell in cells
    ]
    titles = ["Cell", "Speed-up found", "True", "Bias", "Limit", "Interval holds the truth", "Kept"]
    return Table("Cells on the wall clock", titles, [entries(row) for row in rows], frozenset({1, 2, 3, 4}))


def _kept(passed: bool) -> str:
    return "yes" if passed else "**no**"
