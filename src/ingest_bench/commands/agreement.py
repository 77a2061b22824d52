"""The command that runs the workflow several times, and says whether the advice is the same."""

from argparse import Namespace
from pathlib import Path

from ingest_bench.commands.base import FAILED, OK, command, option, path
from ingest_bench.errors import SettingsError


@command(
    "agree",
    "run the workflow several times, and say whether its advice is the same",
    path("--folder", text="for all that is made", default="results/agreement", metavar="DIR"),
    option("--runs", type=int, default=5, help="how many (default: %(default)s)"),
    option(
        "--loaded",
        type=int,
        default=2,
        help="the last of these run beside a program that takes a core half of the time (default: %(default)s)",
    ),
    path("--configfile", text="the matrix, in place of config.yaml", metavar="FILE"),
    option("--cores", type=int, default=2, help="of the workflow (default: %(default)s)"),
    option("results", nargs="*", type=Path, metavar="RESULTS", help="compare these runs, and run nothing"),
    description="Run the workflow several times, each in a folder of its own, and hold what the runs advise against "
    "each other. Takes as long as that many runs: what is done stays, and a second call goes on. Writes agreement.json "
    "and agreement.md into the folder. Exit code 0: no two runs contradict each other; 1: two do, or a run failed; "
    "2: bad usage.",
)
def agree(options: Namespace) -> int:
    """Run, and print the path of the page; return 1 where two runs contradict each other.

    Raises:
        SettingsError: an option can't be used.

    """
    from ingest_bench.agreement.judge import judge  # noqa: PLC0415 - `--help` does without
    from ingest_bench.agreement.repeated import (  # noqa: PLC0415 - same
        Repeats,
        read_results,
        run_repeatedly,
        write_agreement,
    )

    if options.results:
        agreement = judge({str(one): (read_results(one), None) for one in options.results})
        write_agreement(options.folder, agreement)
    else:
        if options.runs < 1 or not 0 <= options.loaded <= options.runs:
            raise SettingsError("--runs is at least 1, and --loaded at most as many")
        repeats = Repeats(options.folder, options.runs, options.loaded, options.configfile, options.cores)
        agreement = run_repeatedly(repeats)
    print(options.folder / "agreement.md")
    return FAILED if agreement.contradictions else OK
