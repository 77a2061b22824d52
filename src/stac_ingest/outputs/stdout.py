"""Standard output: what a file of lines would hold, for another program to read while it is written."""

from __future__ import annotations

import contextlib
import os
import select
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stac_ingest.core.id_set import Key
from stac_ingest.core.rows import Line
from stac_ingest.errors import DataProcessingError, OutputClosed
from stac_ingest.outputs.directory import OutputFolder
from stac_ingest.outputs.ndjson import LineForm, NdjsonOutput

STDOUT = "-"
_LOOK = 0.25
"""Seconds after which a thread that waits for the reader looks whether anybody still waits for it."""
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
        self._is_closed = False

    def _open_folder(self) -> OutputFolder:
        return _Nowhere()

    def _open(self, *, resume: bool) -> None:  # noqa: ARG002 - it never is
        self._items = 0
        self._descriptor = self._stdout

    def _write(self, batch: list[tuple[Key, Line]]) -> None:
        self._put(self.form.encoded([line for _, line in batch], is_first=self._items == 0))
        self._items += len(batch)
        self._changes.flush()

    def _finish(self) -> dict[str, Any]:
        self._put(self.form.end(is_empty=self._items == 0))
        return {"items": self._items, "paths": [STDOUT]}

    async def close(self) -> None:
        """End, though nobody reads what is being written."""
        self._is_closed = True
        await super().close()

    def _put(self, data: bytes) -> None:
        """Write all, waiting for the reader as long as this output is open."""
        view = memoryview(data)
        while view:
            while not select.select([], [self._descriptor], [], _LOOK)[1]:
                if self._is_closed:
                    return
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(self._descriptor, view) :]

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
            raise OutputClosed("the reader of standard output closed it") from None
        except OSError as error:
            raise DataProcessingError(f"can't write to standard output: {error.strerror or error}") from error


@contextlib.contextmanager
def own_stdout() -> Iterator[int]:
    """Give a descriptor of standard output; what else is written there meanwhile goes to standard error."""
    kept = os.dup(1)
    descriptor = _not_waiting(kept)
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield descriptor
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        if descriptor != kept:
            os.close(descriptor)


def _not_waiting(descriptor: int) -> int:
    """Return a descriptor of the same pipe that doesn't wait for the reader; the one given where it is no pipe.

    A process that waits inside of a write can't be interrupted. The pipe is opened once more, since to have the one
    that is given not wait would have whoever shares it not wait either.
    """
    with contextlib.suppress(OSError):
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return os.open(f"/dev/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor
