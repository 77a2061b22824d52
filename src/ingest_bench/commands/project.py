"""Commands for the project itself: its documents, and trials of the harness, STAC clients and tools for tables."""

from argparse import Namespace
from pathlib import Path

from ingest_bench.commands.base import FAILED, OK, command, option, path
from ingest_bench.errors import SettingsError
from ingest_bench.system.renamed_options import RenamedFlag


@command("schemas", "write the JSON schemas of the configuration and of the results", path("folder", metavar="DIR"))
def schemas(options: Namespace) -> None:
    """Write the schemas, and print their paths."""
    from ingest_bench.docgen.schemas import write_schemas  # noqa: PLC0415 - `--help` does without

    print(*write_schemas(options.folder), sep="\n")


@command("results-doc", "write the documentation of the results' fields", path("file", metavar="FILE"))
def results_doc(options: Namespace) -> None:
    """Write the document, and print its path."""
    from ingest_bench.docgen.results_doc import write_results_doc  # noqa: PLC0415 - `--help` does without

    write_results_doc(options.file)
    print(options.file)


@command("formats-doc", "write the list of sources and outputs", path("file", metavar="FILE"))
def formats_doc(options: Namespace) -> None:
    """Write the document, and print its path."""
    from ingest_bench.docgen.formats_doc import write_formats_doc  # noqa: PLC0415 - `--help` does without

    write_formats_doc(options.file)
    print(options.file)


@command(
    "client-matrix",
    "measure what STAC clients deliver from hostile servers",
    path("--output", text="the table, as Markdown", required=True, metavar="FILE"),
    option("behaviours", nargs="*", metavar="BEHAVIOUR", help="which; all when none is given"),
)
def client_matrix(options: Namespace) -> None:
    """Run the clients and write the table."""
    from ingest_bench.client_matrix.run import run_matrix  # noqa: PLC0415 - `--help` does without

    run_matrix(options.output, options.behaviours)


@command(
    "writers",
    "try which tables of items other programs write and read",
    path("--output", text="the table, as Markdown", required=True, metavar="FILE"),
    option(
        "--python", type=Path, action="append", default=[], metavar="FILE", help="of a further environment with tools"
    ),
    option("tools", nargs="*", metavar="TOOL", help="which; all that are installed when none is given"),
)
def writers(options: Namespace) -> None:
    """Run the tools and write the table."""
    from ingest_bench.writer_table.run import run_table  # noqa: PLC0415 - `--help` does without

    run_table(options.output, options.python, options.tools)


@command(
    "calibrate",
    "test the harness on systems with known answers",
    path("--output", default="results/calibration.json", metavar="FILE"),
    option("--runs", type=int, default=400, help="in virtual time (default: %(default)s)"),
    option("--skip-wall-clock", dest="wall", action="store_false", help="leave out the cells with real processes"),
    option(
        "--wall-repeats",
        type=int,
        metavar="N",
        help="instead: measure the cells with real processes N times, two minutes each, and print how many intervals "
        "hold the truth; a call that was interrupted goes on (files beside the output, in calibration-wall/)",
    ),
    option(
        "--pairs-here",
        type=int,
        metavar="N",
        help="instead: take N pairs on this machine with each way to draw hash seeds, and with both sides at once",
    ),
    option("--no-wall", action=RenamedFlag, current="--skip-wall-clock", dest="wall", value=False),
    option(
        "--alternatives",
        action="store_true",
        help="instead: print tables of what is used beside what could be (intervals, rules, hash seeds, duets)",
    ),
    description="Try the harness on systems whose truth is known. Exit code 0: all limits kept; 1: one was not.",
)
def calibrate(options: Namespace) -> int:
    """Write and print the calibration, or what was asked for instead; return 1 when a limit isn't kept.

    Raises:
        SettingsError: a number can't be used, or two things are asked for instead.

    """
    from ingest_bench.calibration.run import SEED, workers  # noqa: PLC0415 - `--help` does without
    from ingest_bench.calibration.run import calibrate as run_calibration  # noqa: PLC0415 - as above

    for name in ("runs", "wall_repeats", "pairs_here"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise SettingsError(f"--{name.replace('_', '-')}: {value} is less than 1")
    if sum([options.alternatives, options.wall_repeats is not None, options.pairs_here is not None]) > 1:
        raise SettingsError("--alternatives, --wall-repeats and --pairs-here exclude each other; give one of them")
    if options.wall_repeats is not None and not options.wall:
        raise SettingsError("--wall-repeats measures the cells that --skip-wall-clock leaves out; give one of them")
    if options.alternatives:
        from ingest_bench.calibration.alternatives import alternatives  # noqa: PLC0415 - as above

        print(*alternatives(SEED, options.runs, workers()), sep="\n\n")
        return OK
    if options.pairs_here:
        from ingest_bench.calibration.machine_trial import on_this_machine  # noqa: PLC0415 - as above

        print(on_this_machine(options.pairs_here, SEED))
        return OK
    if options.wall_repeats:
        from ingest_bench.calibration.wall_repeats import claims_hold, coverage_lines, repeat_wall  # noqa: PLC0415 - as above

        walls = repeat_wall(options.output.with_name("calibration-wall"), options.wall_repeats, SEED)
        print(*coverage_lines(walls), sep="\n")
        return OK if claims_hold(walls) else FAILED
    record = run_calibration(options.output, runs=options.runs, wall=options.wall)
    print(*record.lines, options.output, sep="\n")
    return FAILED if record.failures else OK
