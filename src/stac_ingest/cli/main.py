"""The command: a source in, files out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from stac_ingest.cli.options import parse_arguments, read_settings
from stac_ingest.core.text import PrintableFormatter, printable
from stac_ingest.errors import ConfigurationError, IngestError

COMPLETE, INCOMPLETE, BAD_SETTINGS, BAD_DATA, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    try:
        config = read_settings(options)
        from stac_ingest.cli.run import Run  # noqa: PLC0415 - who asks for help needs none of it

        return COMPLETE if Run(options, config, sys.stderr).run() else INCOMPLETE
    except ConfigurationError as error:
        return _say(BAD_SETTINGS, error)
    except IngestError as error:
        return _say(BAD_DATA, error)
    except KeyboardInterrupt:
        return _say(INTERRUPTED, "interrupted; --resume goes on from here")


def _say(code: int, what: object) -> int:
    print(f"stac-ingest: {printable(what)}", file=sys.stderr)  # noqa: T201 - the command's own words
    return code
