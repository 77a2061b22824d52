"""Standard output: what a file of lines would hold, for another program to read while it is written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stac_ingest.core.atomic import write_all
from stac_ingest.core.id_set import Key
from stac_ingest.core.rows import Line
from stac_ingest.errors import DataProcessingError, OutputClosed
from stac_ingest.outputs.directory import OutputFolder
from stac_ingest.outputs.ndjson import LineForm, NdjsonOutput

STDOUT = "-"
_TOGETHER = 250
"""Items of a batch: the reader is not to wait for many, and nothing waits for a disk."""


class StdoutOutput(NdjsonOutput):
    """Writes to an open descriptor. A reader that is slow is waited for; one that has gone ends the run.

    Nothing is kept of what went there, so there are no checkpoints, and a run can't be resumed.
    """

    marks_completed = False

    def __init__(self, descriptor: int, form: LineForm) -> None:
        """Write to a descriptor, which stays open, as the file of an output would be written."""
        super().__init__(STDOUT, batch_items=_TOGETHER, batch_bytes=1 << 20)
        self.form = form
        self._stdout = descriptor

    def _open_folder(self) -> OutputFolder:
        return _Nowhere()

    def _open(self, *, resume: bool) -> None:  # noqa: ARG002 - it never is
        self._items = 0
        self._descriptor = self._stdout

    def _write(self, batch: list[tuple[Key, Line]]) -> None:
        super()._write(batch)
        self._changes.flush()

    def _finish(self) -> dict[str, Any]:
        write_all(self._descriptor, self.form.end(is_empty=self._items == 0))
        return {"items": self._items, "paths": [STDOUT]}

    def _release(self) -> None:
        """Leave the descriptor to whom it belongs."""


class _Nowhere(OutputFolder):
    """Stands in for the folder, where there is none."""

    def __init__(self) -> None:
        self.path = Path(STDOUT)
        self._descriptor = -1

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Tell a reader that has gone from other trouble."""
        try:
            yield
        except BrokenPipeError:
            raise OutputClosed("whoever reads standard output has closed it") from None
        except OSError as error:
            raise DataProcessingError(f"can't write to standard output: {error.strerror or error}") from error


@contextlib.contextmanager
def own_stdout() -> Iterator[int]:
    """Give a descriptor of standard output; what else is written there meanwhile goes to standard error."""
    descriptor = os.dup(1)
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield descriptor
    finally:
        os.dup2(descriptor, 1)
        os.close(descriptor)
