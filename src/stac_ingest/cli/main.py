"""The command: a source in, files out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stac_ingest.cli.options import parse_arguments
from stac_ingest.errors import ConfigurationError, IngestError, OutputClosed

if TYPE_CHECKING:
    import argparse

    from stac_ingest.cli.run import Run
    from stac_ingest.cli.stdout_run import StdoutRun
    from stac_ingest.config import IngestConfig

COMPLETE, INCOMPLETE, BAD_SETTINGS, BAD_DATA, INTERRUPTED = 0, 1, 2, 3, 130
CHECK, AUDIT, SYNC = "check", "audit", "sync"
"""The first word of a command line that asks how a table stands, compares an output with its source, or keeps it in
step with that; a source of that name is `./check`."""
NOBODY_READS = 141
"""As of a process that a closed pipe has ended (128 and the number of SIGPIPE)."""


def main(arguments: Sequence[str] | None = None, when_imported: Callable[[], None] = lambda: None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: options and source; else those of the process.
        when_imported: called when the settings are read and what every run needs is imported.

    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] in ([CHECK], [AUDIT], [SYNC]):
        return _other(words[0], words[1:], when_imported)
    options = parse_arguments(words)
    from stac_ingest.core.text import PrintableFormatter  # noqa: PLC0415 - who asks for help needs none of it

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    try:
        from stac_ingest.cli.settings import read_settings  # noqa: PLC0415 - who asks for help needs none of it

        config = read_settings(options)
        run = _run_of(options, config)
        when_imported()
        return COMPLETE if run.run() else INCOMPLETE
    except OutputClosed:
        return NOBODY_READS
    except ConfigurationError as error:
        return _say(BAD_SETTINGS, error)
    except IngestError as error:
        return _say(BAD_DATA, error)
    except KeyboardInterrupt:
        return _say(INTERRUPTED, f"interrupted{'; --resume continues from here' if options.output else ''}")


def _run_of(options: argparse.Namespace, config: IngestConfig) -> Run | StdoutRun:
    """Make the run. Who asks for help, or whose settings are wrong, needs none of what is imported here."""
    if options.output is None:
        from stac_ingest.cli.stdout_run import StdoutRun  # noqa: PLC0415 - see above

        return StdoutRun(options, config, sys.stderr)
    from stac_ingest.cli.run import Run  # noqa: PLC0415 - same

    return Run(options, config, sys.stderr)


def _other(what: str, arguments: Sequence[str], when_imported: Callable[[], None]) -> int:
    """Run a command that isn't an ingest. An ingest needs none of what is imported here."""
    try:
        return _run_other(what, arguments, when_imported)
    except ConfigurationError as error:
        return _say(BAD_SETTINGS, error)
    except IngestError as error:
        return _say(BAD_DATA, error)
    except KeyboardInterrupt:
        return _say(INTERRUPTED, f"interrupted{'; run it again to resume' if what == SYNC else ''}")
    except BrokenPipeError:
        return NOBODY_READS


def _run_other(what: str, arguments: Sequence[str], when_imported: Callable[[], None]) -> int:
    if what == AUDIT:
        from stac_ingest.cli.audit import run_audit_command  # noqa: PLC0415 - see above

        when_imported()
        return run_audit_command(arguments)
    if what == SYNC:
        from stac_ingest.cli.sync import run_sync_command  # noqa: PLC0415 - see above

        when_imported()
        return run_sync_command(arguments)
    from stac_ingest.cli.check import run_check  # noqa: PLC0415 - see above

    when_imported()
    return COMPLETE if run_check(arguments) else INCOMPLETE


def _say(code: int, what: object) -> int:
    from stac_ingest.core.text import printable  # noqa: PLC0415 - see above

    print(f"stac-ingest: {printable(what)}", file=sys.stderr)  # noqa: T201 - the command's own words
    return code
