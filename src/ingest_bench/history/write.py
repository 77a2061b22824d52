"""Writes `history.html` and `history.md` with its figures."""

import logging
from collections.abc import Sequence
from pathlib import Path

from ingest_bench.comparison.files import read_run
from ingest_bench.errors import ComparisonError
from ingest_bench.history.entries import RUNS, keep
from ingest_bench.history.inputs import History, read_history
from ingest_bench.history.outline import history_page
from ingest_bench.receipt.archive import RESULTS
from ingest_bench.report.html.document import page
from ingest_bench.report.markdown import markdown
from ingest_bench.report.plots.axes import draw
from ingest_bench.report.write import figures_of
from stac_ingest.core.atomic import write_atomically

LOG = logging.getLogger(__name__)
FIGURES = "figures"


def write_history(results: Path, given: Sequence[Path] = ()) -> History:
    """Read the history of a folder of results, and write the page below it in both forms.

    A run that is there and not in the history yet, say of an earlier release, is appended to it.

    Args:
        results: the folder.
        given: further runs: results, receipts, tables, or folders of these.

    Raises:
        ComparisonError: a file can't be used or written, or there is no run at all.

    """
    current = results / RESULTS
    try:
        if current.is_file():
            keep(read_run(current).results, results)
    except OSError as error:
        raise ComparisonError(f"{results / RUNS}: can't be written to: {error.strerror}") from None
    runs = results / RUNS
    LOG.info("reading the runs of %s", ", ".join(map(str, [runs, *given])))
    history = read_history([*([runs] if runs.is_dir() else []), *given])
    for left_out in history.left_out:
        LOG.warning("left out: %s", left_out)
    if not history.rows:
        raise ComparisonError(f"{results}: no run that can be used; `make run` makes one, or name results to read")
    content, folder = history_page(history), results / "history"
    try:
        for figure in figures_of(content.blocks):
            write_atomically(folder / FIGURES / f"{figure.name}.svg", draw(figure))
        write_atomically(folder / "history.md", f"{markdown([content], FIGURES)}\n".encode())
        write_atomically(folder / "history.html", page(content).encode())
    except OSError as error:
        raise ComparisonError(f"{folder}: can't be written to: {error.strerror}") from None
    return history
