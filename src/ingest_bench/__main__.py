"""The command `python -m ingest_bench`: each part of the workflow as a command of its own."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from ingest_bench.commands import (
    calibrate,
    client_matrix,
    compare,
    compare_builds,
    corpus,
    measure,
    publish,
    recommend,
    results_doc,
    schemas,
    simulate,
    validate,
)
from ingest_bench.commands.base import BAD_SETTINGS, FAILED
from ingest_bench.commands.renamed import with_current_name
from ingest_bench.errors import BenchError, ComparisonError, SettingsError
from stac_ingest.errors import IngestError

COMMANDS = (
    validate,
    corpus,
    measure,
    schemas,
    publish,
    compare,
    compare_builds,
    results_doc,
    recommend,
    client_matrix,
    calibrate,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 on success, 2 when the settings, or the files to compare, can't be used, 1 for any other failure and for a
        regression.

    """
    parser = argparse.ArgumentParser(prog="python -m ingest_bench", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (*COMMANDS, simulate):
        command.add_parser(commands)
    options = parser.parse_args(with_current_name(sys.argv[1:] if arguments is None else arguments))
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options))
    except (BenchError, IngestError, OSError) as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS if isinstance(error, SettingsError | ComparisonError) else FAILED
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
