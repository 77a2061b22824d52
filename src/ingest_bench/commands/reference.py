"""The command that runs the reference job."""

from argparse import Namespace

from ingest_bench.commands.base import FAILED, OK, command, option, path
from ingest_bench.errors import SettingsError
from ingest_bench.simulator.generated.description import MOST_ITEMS


@command(
    "reference",
    "mirror a simulated API of millions of items, sync it through kills, and audit it",
    option("--items", type=int, default=5_000_000, help="of the API at first (default: %(default)s)"),
    path("--folder", text="for all that is made", default="results/reference", metavar="DIR"),
    option("--seed", type=int, default=0, help="of items, changes and kills (default: %(default)s)"),
    option("--limit", type=int, default=1000, help="items of a page (default: %(default)s)"),
    option("--concurrency", type=int, default=8, help="of the command (default: %(default)s)"),
    description="Mirror a simulated API, and keep the mirror in step through three epochs of changes, each with a "
    "SIGKILL; then audit it. Takes hours at full size: what is done stays, and a second call goes on. Writes "
    "reference.json and reference.md into the folder. Exit code 0: the output was equal to the truth each time; "
    "1: it wasn't, or a command failed; 2: bad usage.",
)
def reference(options: Namespace) -> int:
    """Run the job, and print the path of its page; return 1 where the output wasn't equal to the truth.

    Raises:
        SettingsError: an option can't be used.

    """
    from ingest_bench.reference.run import Options, run_reference  # noqa: PLC0415 - `--help` does without

    for name, most in (("items", MOST_ITEMS), ("limit", 10_000), ("concurrency", 50)):
        if not 1 <= getattr(options, name) <= most:
            raise SettingsError(f"--{name}: {getattr(options, name)} is not between 1 and {most:,}")
    if options.seed < 0:
        raise SettingsError(f"--seed: {options.seed} is less than 0")
    asked = Options(options.folder, options.items, options.seed, options.limit, concurrency=options.concurrency)
    record = run_reference(asked)
    print(options.folder / "reference.md")
    return OK if record.ok else FAILED
