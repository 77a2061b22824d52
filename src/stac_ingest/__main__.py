"""`python -m stac_ingest`, and the command `stac-ingest`."""

from __future__ import annotations

import sys
from typing import TextIO, cast

from stac_ingest.core.own_process import Messages, begin_process, begin_work, end_process


def main() -> int:
    """Run the command as a process of its own, and return its exit code."""
    begin_process()
    sys.stderr = cast("TextIO", Messages(sys.stderr))
    from stac_ingest.cli.main import main as command  # noqa: PLC0415 - what is said above comes first

    try:
        return command(when_imported=begin_work)
    finally:
        end_process()


if __name__ == "__main__":
    sys.exit(main())
