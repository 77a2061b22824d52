"""Keeps a run's report in the documentation, and opens the README with it.

The figures in the README are never typed: they are taken from the report, between two marks.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ingest_bench.errors import BenchError
from ingest_bench.report.figures import ALL, TOOLS
from ingest_bench.report.text.tools import TITLE
from stac_ingest.core.atomic import write_atomically

OPEN = "<!-- results: written by `make publish` from a run -->"
CLOSE = "<!-- /results -->"
FILES = ("benchmark_report.md", "benchmark_report.html", "comparison.html", "receipt.zip")
SHOWN = (ALL, "small_files_warm", "large_api")
"""The figures that the README shows: of all scenarios, and of one of each mode; beside that of the tools."""


def publish(results: Path, docs: Path, readme: Path) -> None:
    """Copy the report and its figures below `docs`, and put its first screen into the README.

    Raises:
        BenchError: there is no report, or the README has no marks to write between.

    """
    for needed in FILES:
        if not (results / needed).is_file():
            raise BenchError(f"{results / needed}: not there; run `make run` first")
    text = readme.read_text(encoding="utf-8")
    before, mark, rest = text.partition(OPEN)
    _, end, after = rest.partition(CLOSE)
    if not mark or not end:
        raise BenchError(f"{readme}: has no lines {OPEN!r} and {CLOSE!r} to write between")
    _copy(results, docs)
    report = (docs / "benchmark_report.md").read_text(encoding="utf-8")
    write_atomically(
        readme, f"{before}{block(report, docs, docs.relative_to(readme.parent).as_posix())}{after}".encode()
    )


def block(report: str, docs: Path, folder: str) -> str:
    """Return what stands in the README, with the marks around it.

    Args:
        report: the Markdown text.
        docs: the folder that has the figures.
        folder: the same, as the README names it.

    """
    parts = [first_screen(report), _figures(SHOWN, docs, folder), tools(report), _figures([TOOLS], docs, folder)]
    return "\n".join([OPEN, "\n\n".join(filter(None, parts)), CLOSE])


def _figures(names: Iterable[str], docs: Path, folder: str) -> str:
    shown = [name for name in names if (docs / "figures" / f"{name}.svg").is_file()]
    return "\n".join(f"![{re.sub('[_-]', ' ', name)}]({folder}/figures/{name}.svg)" for name in shown)


def tools(report: str) -> str:
    """Take out of a report in how many tasks another tool is faster, and the table of all; "" where it has none."""
    _, _, rest = report.partition(f"\n## {TITLE}\n")
    section = rest.partition("\n## ")[0].strip().split("\n\n")
    return "\n\n".join([section[0], *(part for part in section if part.startswith("|"))])


def first_screen(report: str) -> str:
    """Take the line about the machine and the summary out of a report."""
    lines = report.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Measured on"))
    rows = [number for number, line in enumerate(lines) if line.startswith("|")]
    end = next((number for number in rows if number + 1 not in rows), len(lines) - 1)
    screen = "\n".join(lines[start : end + 1])
    # What leads elsewhere in the report leads nowhere in the README.
    return re.sub(r"^\d+ warnings? about.*?\n\n", "", screen, flags=re.MULTILINE | re.DOTALL)


def _copy(results: Path, docs: Path) -> None:
    docs.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(results / name, docs / name)
    shutil.rmtree(docs / "figures", ignore_errors=True)
    shutil.copytree(results / "figures", docs / "figures", ignore=shutil.ignore_patterns(".snakemake_timestamp"))
