"""How far a run of the workflow is: one line that is kept up to date on a terminal, a line for each job elsewhere."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from stac_ingest.core.text import counted, printable

_CLEAR = "\r\x1b[K"
_WORTH_SAYING = (
    "Nothing to be done",
    "Complete log",
    "Exiting because",
    "Trying to restart",
    "Removing output",
    "measure: ",
)
"""How messages begin that no event carries, and that people want to see."""


@dataclass
class _Running:
    rule: str
    what: str
    since: float


class RunProgress:
    """Follows the events of Snakemake, and tells them in few words."""

    def __init__(self, stream: TextIO, formatted: Callable[[logging.LogRecord], str]) -> None:
        """Follow a run.

        Args:
            stream: what is written to; a terminal gets one line that changes.
            formatted: writes a record out in full, for errors.

        """
        self._stream = stream
        self._formatted = formatted
        self._is_terminal = stream.isatty()
        self._running: dict[int, _Running] = {}
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._total = 0
        self._last = ""

    def take(self, record: logging.LogRecord, now: float | None = None) -> None:
        """Take a record of Snakemake's log.

        Args:
            record: with an `event`, where it is one of Snakemake's events.
            now: seconds of a clock that never goes back.

        """
        now = time.monotonic() if now is None else now
        event, fields = getattr(record, "event", None), vars(record)
        if record.levelno >= logging.WARNING:
            self._running.pop(fields.get("jobid", -1), None)
            self._say(self._formatted(record))
        elif event == LogEvent.RUN_INFO and fields.get("stats"):
            self._plan(fields["stats"])
        elif event == LogEvent.JOB_INFO:
            self._running[fields["jobid"]] = _Running(fields["rule_name"], _what(fields), now)
        elif event == LogEvent.JOB_FINISHED:
            self._finish(fields["job_id"], now)
        elif event == LogEvent.PROGRESS:
            self._total = fields["total"]
        elif event is None and str(record.msg).startswith(_WORTH_SAYING):
            self._say(str(record.msg))
        self.refresh(now)

    def refresh(self, now: float | None = None) -> None:
        """Bring the line of a terminal up to date."""
        if not self._is_terminal or not self._running:
            return
        now = time.monotonic() if now is None else now
        first = next(iter(self._running.values()))
        more = f" and {len(self._running) - 1} more" if len(self._running) > 1 else ""
        parts = [self._share(self._done.total()), f"{first.what}{more}, {_clock(now - first.since)}", self._left(now)]
        self._stream.write(_CLEAR + printable("; ".join(part for part in parts if part)))
        self._stream.flush()

    def end(self) -> None:
        """Leave the line of a terminal."""
        if self._is_terminal:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _plan(self, stats: dict[str, int]) -> None:
        self._planned = Counter({rule: count for rule, count in stats.items() if rule != "total"})
        self._total = self._planned.total()
        self._say(f"{counted(self._total, 'job')} to do")

    def _finish(self, job: int, now: float) -> None:
        done = self._running.pop(job, None)
        if done is None:
            return
        self._done[done.rule] += 1
        self._seconds[done.rule] += now - done.since
        if not self._is_terminal:
            parts = [f"{self._share(self._done.total())}: {done.what}, {_clock(now - done.since)}", self._left(now)]
            self._say("; ".join(part for part in parts if part))

    def _share(self, done: int) -> str:
        return f"{done} of {max(self._total, done)}"

    def _left(self, now: float) -> str:
        """Estimate the time that is left, from what the jobs of each rule have taken so far; "" where none was seen."""
        known = [rule for rule in self._planned if self._done[rule]]
        seconds = sum(
            self._seconds[rule] / self._done[rule] * max(0, self._planned[rule] - self._done[rule]) for rule in known
        )
        largest = max(self._planned, key=self._planned.__getitem__, default=None)
        if largest is None or largest not in known:
            return ""
        under_way = sum(now - running.since for running in self._running.values() if running.rule == largest)
        left = max(0.0, seconds - under_way)
        return f"about {_clock(left)} left" if left else ""

    def _say(self, text: str) -> None:
        begin = _CLEAR if self._is_terminal else ""
        self._stream.write(begin + "\n".join(map(printable, text.splitlines())) + "\n")
        self._stream.flush()


def _what(fields: dict[str, Any]) -> str:
    """Return what a job does: its message, or its rule where it has none."""
    message = str(fields.get("rule_msg") or fields["rule_name"]).strip()
    return message[:1].lower() + message[1:]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
