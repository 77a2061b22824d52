"""The command `python -m ingest_bench.simulator`: the same as `python -m ingest_bench simulate`."""

import argparse
import logging
import sys

from ingest_bench.errors import BenchError
from ingest_bench.simulator.cli import add_arguments, run
from ingest_bench.system.loaded_modules import report_at_exit


def main() -> int:
    """Serve a corpus as a STAC API; return 1 when that isn't possible."""
    parser = argparse.ArgumentParser(prog="python -m ingest_bench.simulator", description=__doc__)
    add_arguments(parser)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    report_at_exit("simulator")
    try:
        return run(parser.parse_args())
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
