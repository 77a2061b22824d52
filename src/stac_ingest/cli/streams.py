"""Standard output and standard error of the command, where they may be closed, or be on a disk that is full."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from stac_ingest.errors import DataProcessingError


class Messages(io.TextIOBase):
    """Standard error, as far as it takes anything: that nobody hears of a run is no reason to end it."""

    def __init__(self, stream: TextIO | None) -> None:
        """Write to a stream; where it is closed, to nowhere, so that no file gets its number, and messages with it."""
        self._stream = Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream  # noqa: SIM115 - as long as the process

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the number of its file."""
        return self._stream.fileno()


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
