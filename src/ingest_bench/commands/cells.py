"""Commands that make a part of the results: a corpus, a cell, the documents made of them.

What a command needs is imported when it runs, so that `--help` does without.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest_bench.commands.base import command, option, path
from ingest_bench.errors import SettingsError
from stac_ingest.core.text import counted

if TYPE_CHECKING:
    from ingest_bench.config.models import Settings

CONFIG = path("--config", required=True, metavar="FILE")
RESULTS = path("--results", default="results", metavar="DIR")


@command("validate", "check a configuration, and show what it would measure", path("file", metavar="FILE"))
def validate(options: Namespace) -> None:
    """Print the number of cells of each scenario, and what they are measured against."""
    from ingest_bench.config.matrix import cells, load_settings  # noqa: PLC0415 - `--help` does without

    settings = load_settings(options.file)
    planned = cells(settings)
    print(
        f"{counted(len(planned), 'cell')} in {counted(len(settings.scenarios), 'scenario')}, "
        f"{counted(len(settings.corpora), 'corpus', 'corpora')}"
    )
    for name, scenario in settings.scenarios.items():
        mine = [cell for cell in planned if cell.scenario == name]
        baseline = scenario.baseline
        null = sum(cell.is_null_cell for cell in mine)
        print(
            f"  {name}: {counted(len(mine), 'cell')} on {scenario.corpus}, against {baseline.arm} at "
            f"{baseline.concurrency}" + ("" if null else f" on {baseline.corpus} (no null cell)")
        )


@command(
    "corpus",
    "build one corpus, or look at one of your own",
    CONFIG,
    option("--name", required=True, help="of the corpus, as in the configuration"),
    option("--results", help="folder for everything made, instead of the configuration's"),
    option("--workers", type=int, default=1, help="processes that build at once (default: 1)"),
)
def corpus(options: Namespace) -> None:
    """Build the corpus below the results, and print the path of its manifest.

    Raises:
        SettingsError: the configuration can't be used, or has no corpus of that name.

    """
    from ingest_bench.corpora.builder import make_corpus  # noqa: PLC0415 - `--help` does without

    settings = _settings(options)
    if options.name not in settings.corpora:
        raise SettingsError(f"corpora.{options.name}: not one of {', '.join(settings.corpora)}")
    print(make_corpus(settings, options.name, options.workers))


@command(
    "measure",
    "measure one cell of the matrix",
    CONFIG,
    option("--scenario", required=True),
    option("--arm", required=True),
    option("--concurrency", type=int, required=True),
    option("--results", help="folder that holds the corpora, instead of the configuration's"),
    path("--output", text="file of the cell; in its place below the results when unset"),
    option("--attempt", type=int, default=1, help="which try this is, kept with the cell (default: 1)"),
)
def measure(options: Namespace) -> None:
    """Measure the cell, and print its speed-up with interval, a failed parity gate, and the path of its file."""
    from ingest_bench.config.matrix import find_cell  # noqa: PLC0415 - `--help` does without
    from ingest_bench.harness.measure import measure_to_file  # noqa: PLC0415 - `--help` does without
    from ingest_bench.workflow.identity import cell_identity, fingerprint  # noqa: PLC0415 - `--help` does without

    settings = _settings(options)
    planned = find_cell(settings, options.scenario, options.arm, options.concurrency)
    output = options.output or Path(settings.results) / planned.file
    identity = fingerprint(cell_identity(settings, planned))
    cell = measure_to_file(settings, planned, identity=identity, output=output, attempt=options.attempt)
    if speedup := cell.speedup:
        print(f"{speedup.median:.2f}x ({speedup.low:.2f} to {speedup.high:.2f}), {counted(speedup.pairs, 'pair')}")
    if not cell.parity.ok:
        print(f"not what the corpus holds: {cell.parity.reason}")
    print(output)


@command("recommend", "recommend settings, and write them and the design document", RESULTS)
def recommend(options: Namespace) -> None:
    """Write the documents into the folder of the results, and print the recommendations."""
    from ingest_bench.report.design.document import advise_folder  # noqa: PLC0415 - `--help` does without

    print(*advise_folder(options.results), sep="\n")


@command(
    "publish",
    "copy a run's report into the documentation, and its tables into the README",
    RESULTS,
    path("--docs", default="docs/run", metavar="DIR"),
    path("--readme", default="README.md", metavar="FILE"),
)
def publish(options: Namespace) -> None:
    """Copy the report and update the README."""
    from ingest_bench.docgen.publish import publish as publish_report  # noqa: PLC0415 - `--help` does without

    publish_report(options.results, options.docs, options.readme)


def _settings(options: Namespace) -> Settings:
    """Return the settings of `--config`, with the folder of `--results` where it is given."""
    from ingest_bench.config.matrix import load_settings  # noqa: PLC0415 - `--help` does without

    settings = load_settings(options.config)
    return settings.model_copy(update={"results": options.results}) if options.results else settings
