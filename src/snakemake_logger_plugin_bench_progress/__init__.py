"""`snakemake --logger bench-progress`: where the run is, in place of a paragraph for each job.

Snakemake finds its plugins by the beginning of a package's name. The log file has everything still.
"""

from __future__ import annotations

import sys
from logging import LogRecord
from threading import Event, Thread

from snakemake_interface_logger_plugins.base import LogHandlerBase

from ingest_bench.workflow.run_progress import RunProgress


class LogHandler(LogHandlerBase):
    """Writes the progress to standard error; a dry run, and one with `--verbose`, is written out in full."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Begin to follow the run."""
        self._in_full = self.common_settings.dryrun or self.common_settings.verbose
        self._progress = RunProgress(sys.stderr, self.format)
        self._ended = Event()
        self._ticking = Thread(target=self._tick, daemon=True)
        if not self._in_full and sys.stderr.isatty():
            self._ticking.start()

    def emit(self, record: LogRecord) -> None:
        """Take a record."""
        try:
            if self._in_full:
                print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201 - as Snakemake does without it
            else:
                with self.lock:
                    self._progress.take(record)
        except Exception:  # noqa: BLE001 - a fault in telling must not end the run
            self.handleError(record)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._ended.set()
        if not self._in_full:
            self._progress.end()
        super().close()

    def _tick(self) -> None:
        while not self._ended.wait(1):
            with self.lock:
                self._progress.refresh()
