"""The command `ingest-bench`: each part of the workflow as a command of its own."""

import argparse
import logging
import re
import sys
from collections.abc import Sequence
from importlib.metadata import requires

from ingest_bench.commands import agreement, cells, comparisons, histories, project, receipts, reference  # noqa: F401 - each adds its commands to the table
from ingest_bench.commands.base import BAD_SETTINGS, COMMANDS, FAILED, OK
from ingest_bench.errors import BenchError, ComparisonError, SettingsError
from ingest_bench.simulator import cli as simulator
from ingest_bench.system.renamed_options import with_current_name
from stac_ingest.core.extras import how_to_install
from stac_ingest.errors import IngestError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 on success, 2 when the settings, or the files to compare, can't be used, 1 for any other failure and for a
        regression.

    """
    parser = argparse.ArgumentParser(
        prog="ingest-bench", description="Each part of the benchmark as a command of its own."
    )
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        own = parsers.add_parser(command.name, help=command.help, description=command.description)
        own.set_defaults(run=command.run)
        for names, settings in command.options:
            own.add_argument(*names, **settings)
    own = parsers.add_parser("simulate", help="serve a corpus as a STAC API with a think time, limits and faults")
    own.set_defaults(run=simulator.run)
    simulator.add_arguments(own)
    options = parser.parse_args(with_current_name(sys.argv[1:] if arguments is None else arguments))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options) or OK)
    except (BenchError, IngestError, OSError) as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS if isinstance(error, SettingsError | ComparisonError) else FAILED
    except ModuleNotFoundError as error:
        if not _comes_with_extra(error.name or ""):
            raise
        print(how_to_install(error.name or "", "bench"), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _comes_with_extra(module: str) -> bool:
    """Tell whether a module is of a package that the extra `bench` brings: without it, the ingest library is alone."""
    package = module.partition(".")[0].replace("_", "-")
    brought = (one for one in requires("stac-ingest-bench") or () if 'extra == "bench"' in one)
    return any(re.match(rf"{re.escape(package)}(?![\w.-])", one) for one in brought)


if __name__ == "__main__":
    sys.exit(main())
