"""How far a run is, on one line of a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from stac_ingest.core.text import counted
from stac_ingest.pipeline import PipelineResult

_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Rewrites one line with items, rate and failures. Shows nothing unless the stream is a terminal."""

    def __init__(self, stream: TextIO, failures: Callable[[], int]) -> None:
        self._stream = stream
        self._failures = failures
        self._shown = False
        self.enabled = stream.isatty()

    def update(self, result: PipelineResult) -> None:
        """Show where the run is."""
        if not self.enabled:
            return
        rate = result.fetched / result.seconds if result.seconds else 0.0
        skipped = f"  {result.skipped:,} done before" if result.skipped else ""
        line = f"{counted(result.fetched, 'item')}  {rate:,.0f}/s  {counted(self._failures(), 'failure')}{skipped}"
        self._stream.write(_CLEAR + line)
        self._stream.flush()
        self._shown = True

    def step(self, text: str) -> None:
        """Show what is done after the last item."""
        if self.enabled:
            self._stream.write(_CLEAR + text)
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._shown = False
