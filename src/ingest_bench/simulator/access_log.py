"""A line of JSON for each request."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
from aiohttp import web

from ingest_bench.simulator.metrics import RequestTiming


class RequestLog:
    """Appends to a file, which has all lines once the log is closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def write(self, request: web.Request, timing: RequestTiming, duration: float) -> None:
        """Append a request that took `duration` seconds."""
        line = {
            "time": time.time(),
            "method": request.method,
            "path": request.path_qs,
            "status": timing.status,
            "response_ms": 1000 * duration,
            "think_ms_asked": timing.requested_ms,
            "think_ms_achieved": timing.achieved_ms,
        }
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def __enter__(self) -> Self:
        """Return the log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
