"""Standard output of the commands that say there what they have found."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from stac_ingest.errors import DataProcessingError


def say(lines: Iterable[str]) -> None:
    """Print lines to standard output, and see that they arrive.

    Raises:
        BrokenPipeError: nobody reads them.
        DataProcessingError: they can't be written.

    """
    try:
        for line in lines:
            print(line)  # noqa: T201 - the command's own words
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DataProcessingError(f"can't write to standard output: {error.strerror or error}") from error
