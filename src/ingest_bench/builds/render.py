"""A comparison of builds as a person reads it: plain text for a terminal, Markdown for a file."""

from pathlib import Path

from tabulate import tabulate

from ingest_bench.analysis.counters import COUNTERS
from ingest_bench.builds.records import (
    MEASURES,
    SIDES,
    BuildComparison,
    BuildRecord,
    CaseRecord,
    CounterDifference,
)
from ingest_bench.report.formatting import NOTHING, number, percent, plain, speed_up
from ingest_bench.report.templating import document
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

TIMES = {"wall": "wall", "cpu": "CPU"}
TITLES = (
    *("Case", "Verdict", "Wall, base / this (95%)", "CPU, base / this (95%)", "Pairs"),
    *("Wall (s), base", "this", "CPU (s), base", "this", "Peak RSS (MiB), base", "this", "Remark"),
)


def as_text(comparison: BuildComparison) -> str:
    """Write for a terminal."""
    table = tabulate(map(_row, comparison.cases), headers=TITLES, disable_numparse=True)
    return "\n".join([*_builds(comparison), "", table, "", f"Ratios are {comparison.direction}.", summary(comparison)])


def write(comparison: BuildComparison, path: Path) -> None:
    """Write the JSON file, and the Markdown file beside it."""
    write_atomically(path, comparison.model_dump_json(indent=1).encode() + b"\n")
    text = document(
        "builds",
        titles=TITLES,
        rows=list(map(_row, comparison.cases)),
        summary=summary(comparison),
        builds=_builds(comparison),
        direction=comparison.direction,
        margin=comparison.margin,
        confidence=comparison.confidence,
    )
    write_atomically(path.with_suffix(".md"), text.encode())


def _builds(comparison: BuildComparison) -> list[str]:
    machine = comparison.environment
    loads = f"{comparison.load_before.load_1m:.1f} before, {comparison.load_after.load_1m:.1f} after"
    return [
        f"Base: {_build(comparison.builds['base'])}",
        f"This build: {_build(comparison.builds['this'])}",
        f"Machine: {machine.cpu_model}, {counted(machine.cores, 'core')}; load {loads}",
    ]


def _build(build: BuildRecord) -> str:
    changed = ", with changes that are not committed" if build.dirty else ""
    return f"{build.ref} at {(build.commit or 'no commit')[:12]}{changed}; Python {build.python}"


def _row(case: CaseRecord) -> list[str]:
    if case.reason:
        return [case.name, "no time", *([NOTHING] * 9), plain(case.reason)]
    ratios = [speed_up(ratio) if ratio else NOTHING for ratio in (case.wall, case.cpu)]
    medians = [number(case.medians[side][field]) for field in MEASURES for side in SIDES]
    remark = "; ".join([*map(difference, case.counters), *([case.remark] if case.remark else [])])
    return [case.name, _verdict(case), *ratios, str(case.wall.pairs if case.wall else 0), *medians, plain(remark)]


def _verdict(case: CaseRecord) -> str:
    by = f" by {TIMES[case.figure]} time" if case.verdict else ""
    gate = " and more work" if any(each.gate for each in case.counters) else ""
    return f"{case.verdict or NOTHING}{by}{gate}"


def difference(counter: CounterDifference) -> str:
    """Say how a counter differs between the builds."""
    return f"{COUNTERS[counter.name]} {counter.base:,} in the base, {counter.this:,} in this build"


def summary(comparison: BuildComparison) -> str:
    """Say what fails the gate, and why; or that nothing does."""
    lines = []
    for case in comparison.losses:
        ratio = case.cpu if case.figure == "cpu" else case.wall
        slower = [f"{speed_up(ratio)} by {TIMES[case.figure]} time"] if case.verdict == "slower" else []
        more = [difference(each) for each in case.counters if each.gate]
        lines.append(f"{case.name}: {'; '.join([*slower, *more])}")
    if lines:
        return f"Worse: {' | '.join(lines)}"
    untimed = [case.name for case in comparison.cases if case.reason]
    return (
        f"No time: {', '.join(untimed)}"
        if untimed
        else f"No loss beyond {percent(comparison.margin)}, and no more work"
    )
