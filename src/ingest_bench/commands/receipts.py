"""The command that checks a run's receipt."""

from argparse import Namespace

from ingest_bench.commands.base import FAILED, OK, command, option, path
from stac_ingest.core.text import counted

SHOWN = 50
"""Of what doesn't hold."""


@command(
    "verify",
    "recompute every number of a run's report from the samples in its receipt",
    path("archive", nargs="?", default="results/receipt.zip", metavar="ARCHIVE"),
    path("--readme", text="a README that `make publish` has opened with the report", metavar="FILE"),
    path("--docs", text="the folder that `make publish` has copied the report to", metavar="DIR"),
    option(
        "--trusted", action="store_true", help="run Python files of this machine that its configuration names as arms"
    ),
    description="Recompute every number of a run's documents from the samples in its receipt, and name those that "
    "don't hold. Exit code 0: all hold; 1: one doesn't, or the archive can't be used.",
)
def verify(options: Namespace) -> int:
    """Print what doesn't hold; return 1 where there is something."""
    from ingest_bench.receipt.verify import verify as check  # noqa: PLC0415 - `--help` does without

    verdict = check(options.archive, options.readme, options.docs, trusted=options.trusted)
    problems = verdict.problems
    print(*problems[:SHOWN], sep="\n", end="\n" if problems else "")
    if len(problems) > SHOWN:
        print(f"... and {len(problems) - SHOWN:,} more")
    if problems and verdict.other_code:
        print(
            f"made by other code than this ({verdict.other_code}); the commit that the receipt names may agree with it"
        )
    documents = f"{counted(verdict.numbers, 'number')} in {counted(len(verdict.documents), 'document')}"
    outcome = f"what does not hold: {len(problems):,}" if problems else "all hold"
    print(f"{documents}, made again from {verdict.values:,} values of samples: {outcome}")
    return FAILED if problems else OK
