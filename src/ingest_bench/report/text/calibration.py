"""What the report says of a calibration."""

from __future__ import annotations

from ingest_bench.calibration.models import Calibration, Score, WallCell
from ingest_bench.report.blocks import Block, Paragraph, Section, Table, entries
from ingest_bench.report.formatting import NOTHING, day, span


def calibration_section(record: Calibration) -> Section:
    """Say how well the harness finds what is known."""
    virtual, wall = record.virtual, record.wall
    told = (
        f"{calibration_line(record)} {virtual.runs} seeded runs in virtual time took systems whose truth is known in "
        "closed form through the same stop rule, statistics, verdicts and recommendations as the cells of this report."
    )
    blocks: list[Block] = [Paragraph(told), _scores("Known answers in virtual time", virtual.scores)]
    if wall:
        blocks += [
            Paragraph(
                f"In {span(wall.seconds)} of wall clock, real processes asked the real simulator. What they found may "
                "differ from the closed form by the work that both do beside it."
            ),
            _cells(wall.cells),
            _scores("Checks of the wall clock's samples", wall.scores),
        ]
    return Section("Known answers", blocks)


def calibration_line(record: Calibration) -> str:
    """Sum the calibration up in a sentence."""
    missed = record.failures
    if missed:
        return f"**The calibration of {day(record.created_at)} missed its limits:** {'; '.join(missed)}."
    first = record.virtual.scores[0]
    return (
        f"Calibrated on {day(record.created_at)} against known answers: of {first.trials:,} intervals that claim 95%, "
        f"{_told(first)} held the truth, and every limit was kept."
    )


def _scores(about: str, scores: list[Score]) -> Table:
    rows = [[score.name, _told(score), _limits(score), f"{score.trials:,}", _kept(score)] for score in scores]
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
            "yes" if cell.passed else "**no**",
        ]
        for cell in cells
    ]
    titles = ["Cell", "Speed-up found", "True", "Bias", "Limit", "Interval holds the truth", "Kept"]
    return Table("Cells on the wall clock", titles, [entries(row) for row in rows], frozenset({1, 2, 3, 4}))


def _told(score: Score) -> str:
    return NOTHING if score.value is None else f"{score.value:.1%}"


def _limits(score: Score) -> str:
    low, high = (None if limit is None else f"{limit:.0%}" for limit in (score.at_least, score.at_most))
    if low and high:
        return f"{low} to {high}"
    if low:
        return f"at least {low}"
    return f"at most {high}" if high else NOTHING


def _kept(score: Score) -> str:
    if not score.limited:
        return NOTHING
    return "yes" if score.passed else "**no**"
