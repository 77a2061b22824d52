"""A comparison of builds as a person reads it: plain text for a terminal, Markdown for a file."""

from pathlib import Path

from tabulate import tabulate

from ingest_bench.builds.records import MEASURES, SIDES, BuildComparison, BuildRecord, CaseRecord
from ingest_bench.report.formatting import NOTHING, number, plain, speed_up
from ingest_bench.report.templating import document
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

TITLES = (
    *("Case", "Wall, base / this (95%)", "CPU, base / this (95%)", "Pairs"),
    *("Wall (s), base", "this", "CPU (s), base", "this", "Peak RSS (MiB), base", "this", "Remark"),
)


def as_text(comparison: BuildComparison) -> str:
    """Write for a terminal."""
    table = tabulate(map(_row, comparison.cases), headers=TITLES, disable_numparse=True)
    return "\n".join([*_builds(comparison), "", table, "", f"Ratios are {comparison.direction}."])


def write(comparison: BuildComparison, path: Path) -> None:
    """Write the JSON file, and the Markdown file beside it."""
    write_atomically(path, comparison.model_dump_json(indent=1).encode() + b"\n")
    rows, about = list(map(_row, comparison.cases)), {"builds": _builds(comparison), "direction": comparison.direction}
    write_atomically(path.with_suffix(".md"), document("builds", titles=TITLES, rows=rows, **about).encode())


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
        return [case.name, "no time", *([NOTHING] * 8), plain(case.reason)]
    ratios = [speed_up(ratio) if ratio else NOTHING for ratio in (case.wall, case.cpu)]
    medians = [number(case.medians[side][field]) for field in MEASURES for side in SIDES]
    return [case.name, *ratios, str(case.wall.pairs if case.wall else 0), *medians, plain(case.remark or "")]
