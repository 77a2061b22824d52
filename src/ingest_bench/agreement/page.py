"""The page of repeated runs, as Markdown, made from their record alone."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.agreement.judge import undecided
from ingest_bench.agreement.records import Agreement, ModeAdvice, RunAdvice
from ingest_bench.report.formatting import NOTHING, paragraph, percent, point, safe, span, times
from stac_ingest.core.text import counted


def page(agreement: Agreement) -> str:
    """Return the page."""
    open_ones = list(undecided(agreement))
    blocks = [
        "# Runs held against each other",
        paragraph(
            f"{counted(len(agreement.runs), 'run')} of one matrix. Two contradict each other where both are decided, "
            f"and the pairs of one show that the other's choice loses more than {percent(agreement.tolerance)}."
        ),
        paragraph(f"**{_outcome(agreement)}**"),
        _table(_head(agreement), [_row(agreement, run) for run in agreement.runs]),
        *_section(
            "Contradictions", [_contradiction(agreement, number) for number in range(len(agreement.contradictions))]
        ),
        *_section("Not decided", [f"{name}: {mode}" for name, mode in open_ones]),
        *_section("What can't be told", agreement.unmeasured),
    ]
    return "\n\n".join(blocks) + "\n"


def _outcome(agreement: Agreement) -> str:
    count = len(agreement.contradictions)
    return f"{counted(count, 'contradiction')}." if count else "No two runs contradict each other."


def _modes(agreement: Agreement) -> list[str]:
    return list(dict.fromkeys(mode for run in agreement.runs for mode in run.modes))


def _head(agreement: Agreement) -> Sequence[str]:
    return ("run", "beside a load", "time", "first pass", *_modes(agreement))


def _row(agreement: Agreement, run: RunAdvice) -> Sequence[str]:
    done = run.done
    again = f", begun {done.starts} times" if done and done.starts > 1 else ""
    return (
        safe(run.name),
        NOTHING if done is None else ("yes" if done.beside_load else "no"),
        NOTHING if done is None else span(done.seconds) + again,
        NOTHING if run.first_pass_s is None else span(run.first_pass_s),
        *(_mode(run.modes.get(mode)) for mode in _modes(agreement)),
    )


def _mode(advice: ModeAdvice | None) -> str:
    if advice is None or advice.use is None:
        return NOTHING
    status = "" if advice.status == "decided" else f", {advice.status}"
    return f"{safe(advice.use)} ({counted(advice.pairs, 'pair')}, loses at most {percent(advice.loss + 0.0)}{status})"


def _contradiction(agreement: Agreement, number: int) -> str:
    one = agreement.contradictions[number]
    return (
        f"{one.mode}: {one.one} chooses {one.use}; by {one.other}, {one.better} is {times(one.median)} as fast "
        f"({times(one.low)} to {times(one.high)})."
    )


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "\n".join(point(safe(line)) for line in lines)] if lines else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
