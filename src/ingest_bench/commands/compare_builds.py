"""`compare-builds`: this build against an earlier commit, in pairs on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from ingest_bench.commands.base import FAILED, OK, Commands
from ingest_bench.errors import SettingsError


def add_parser(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser(
        "compare-builds",
        help="measure cells of this build and of an earlier commit in pairs",
        description="Measure cells and commands of this build and of an earlier commit in pairs on this machine. The "
        "commit gets an environment of its own, made once. Exit code 0: all have a time; 1: one failed, or the builds "
        "delivered different things; 2: bad usage.",
    )
    command.add_argument("ref", metavar="REF", help="the earlier commit, as git understands it")
    command.add_argument(
        "--cells", nargs="+", metavar="NAME", help="scenario/arm-concurrency, or commands/NAME (default: a few of each)"
    )
    command.add_argument("--pairs", type=int, default=7, metavar="N", help="of each (default: %(default)s)")
    command.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="FILE", help="(default: %(default)s)"
    )
    output = Path("results/compare-builds.json")
    command.add_argument(
        "--output", type=Path, default=output, metavar="FILE", help=f"a .md goes beside it (default: {output})"
    )
    folder = Path("results/builds")
    command.add_argument(
        "--folder", type=Path, default=folder, metavar="DIR", help=f"for builds and corpora (default: {folder})"
    )
    command.add_argument(
        "--base-python",
        type=Path,
        metavar="PYTHON",
        help="run the earlier commit with this interpreter and its packages, instead of an environment of its own",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, write and print; return 1 where a case has no time.

    Raises:
        SettingsError: an option can't be used.

    """
    from ingest_bench.builds.build import base_build  # noqa: PLC0415 - `--help` does without
    from ingest_bench.builds.compare import DEFAULT_CELLS, compare_builds  # noqa: PLC0415 - likewise
    from ingest_bench.builds.render import as_text, write  # noqa: PLC0415 - likewise

    if options.pairs < 2:  # noqa: PLR2004 - a variance takes two
        raise SettingsError(f"--pairs: {options.pairs} is less than 2")
    comparison = compare_builds(
        lambda: base_build(options.ref, options.folder, options.base_python),
        options.config,
        options.cells or DEFAULT_CELLS,
        pairs=options.pairs,
        folder=options.folder,
    )
    write(comparison, options.output)
    print(as_text(comparison))
    return FAILED if any(case.reason for case in comparison.cases) else OK
