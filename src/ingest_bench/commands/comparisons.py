"""Commands that compare: a run with an earlier one, this build with an earlier one."""

from argparse import Namespace

from ingest_bench.commands.base import BAD_INPUT, FAILED, OK, REGRESSION, command, option, path
from ingest_bench.errors import SettingsError


@command(
    "compare",
    "judge a run against an earlier one",
    path("baseline", text="benchmark_results.json of the earlier run", metavar="BASELINE"),
    path("current", text="that of this run", nargs="?", default="results/benchmark_results.json"),
    path("--output", text="for compare.md and .json (default: CURRENT's)", metavar="DIR"),
    description="Judge a run against an earlier one, cell by cell. Exit code 0: no regression beyond noise; "
    "1: a regression; 2: a file can't be used, or the machine was too busy to tell.",
)
def compare(options: Namespace) -> int:
    """Write and print the comparison; return 1 for a regression, 2 when it can't be told."""
    from ingest_bench.comparison import as_text, compare_files  # noqa: PLC0415 - `--help` does without

    comparison = compare_files(options.baseline, options.current, options.output or options.current.parent)
    print(as_text(comparison))
    if comparison.with_verdict("worse"):
        return REGRESSION
    return BAD_INPUT if comparison.slower_under_load else OK


@command(
    "compare-builds",
    "measure cells of this build and of an earlier commit in pairs",
    option("ref", metavar="REF", help="the earlier commit, as git understands it"),
    option(
        "--cells",
        nargs="+",
        metavar="NAME",
        help="scenario/arm-concurrency, or commands/NAME (default: a few of each)",
    ),
    option("--pairs", type=int, default=7, metavar="N", help="of each (default: %(default)s)"),
    option(
        "--accept",
        nargs="+",
        default=[],
        metavar="COUNTER",
        help="this build may have more of: requests, bytes_read, output_bytes, read_calls, write_calls",
    ),
    path("--config", default="config.yaml", metavar="FILE"),
    path("--output", text="a .md goes beside it", default="results/compare-builds.json", metavar="FILE"),
    path("--folder", text="for builds and corpora", default="results/builds", metavar="DIR"),
    path(
        "--base-python",
        text="run the earlier commit with this interpreter and its packages, instead of an environment of its own",
        metavar="PYTHON",
    ),
    description="Measure cells and commands of this build and of an earlier commit in pairs on this machine. The "
    "commit gets an environment of its own, made once. Exit code 0: no case is worse; 1: one is slower beyond 5%% "
    "or does more of what is counted, or failed, or the builds delivered different things; 2: bad usage.",
)
def compare_builds(options: Namespace) -> int:
    """Measure, write and print; return 1 where a case is worse or has no time.

    Raises:
        SettingsError: an option can't be used.

    """
    from ingest_bench.analysis.counters import COUNTERS  # noqa: PLC0415 - `--help` does without
    from ingest_bench.analysis.speedup import INTERVAL_PAIRS  # noqa: PLC0415 - likewise
    from ingest_bench.builds import compare as builds  # noqa: PLC0415 - likewise
    from ingest_bench.builds.build import base_build  # noqa: PLC0415 - likewise
    from ingest_bench.builds.render import as_text, write  # noqa: PLC0415 - likewise

    if options.pairs < INTERVAL_PAIRS:
        raise SettingsError(f"--pairs: {options.pairs} is less than {INTERVAL_PAIRS}, which an interval takes")
    if unknown := set(options.accept) - COUNTERS.keys():
        raise SettingsError(f"--accept: {min(unknown)!r} is not one of {', '.join(COUNTERS)}")
    comparison = builds.compare_builds(
        lambda: base_build(options.ref, options.folder, options.base_python),
        options.config,
        options.cells or builds.DEFAULT_CELLS,
        pairs=options.pairs,
        folder=options.folder,
        accepted=options.accept,
    )
    write(comparison, options.output)
    print(as_text(comparison))
    return FAILED if comparison.losses or any(case.reason for case in comparison.cases) else OK
