"""The command that shows all runs."""

from argparse import Namespace
from pathlib import Path

from ingest_bench.commands.base import command, option, path


@command(
    "history",
    "show all runs: what has moved, and what carries over from one machine to another",
    path("--results", default="results", metavar="DIR"),
    option(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUNS",
        help="further ones: benchmark_results.json, receipt.zip, a table of the history, or folders of these",
    ),
    description="Append the results of DIR to its history, unless they are there, and show all runs of it and of RUNS "
    "in DIR/history/history.html and .md: where cells have moved, and machines side by side. Exit code 0: written; "
    "2: a file can't be used, or there is no run.",
)
def history(options: Namespace) -> None:
    """Write the page, and print its path."""
    from ingest_bench.history.write import write_history  # noqa: PLC0415 - `--help` does without

    write_history(options.results, options.runs)
    print(options.results / "history/history.html")
