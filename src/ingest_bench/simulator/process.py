"""The server as a process beside the one that measures: started, watched, its metrics read, and ended."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from pydantic import ValidationError

from ingest_bench.config.server import Server
from ingest_bench.errors import MeasurementError
from ingest_bench.results.models import ServerRecord

READY_S = 120.0
"""For the largest corpora on the slowest disks."""
ANSWER_S = 60.0
END_S = 5.0
_SHOWN = 2000
"""Bytes of the server's standard error that an error repeats."""


class SimulatorProcess:
    """A simulated STAC API. Use as a context manager; whatever happens inside or to this process, the server ends."""

    def __init__(self, corpus: Path, server: Server, seed: int, extra: Sequence[str] = ()) -> None:
        """Prepare the command; the context manager starts it.

        Args:
            corpus: folder with `collection.json` and `items.ndjson`.
            server: how it behaves.
            seed: of think times and tokens.
            extra: further options of the command.

        """
        self._command = [sys.executable, "-m", "ingest_bench.simulator", str(corpus), "--exit-on-stdin-close"]
        self._command += [*_arguments(server), "--seed", str(seed), *extra]
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self.url = ""
        """Of the landing page; known once started."""

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._started().pid

    def __enter__(self) -> Self:
        """Start the server and wait until it is ready.

        Raises:
            MeasurementError: it doesn't start; with what it wrote to standard error.

        """
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        try:
            self.url = json.loads(self._first_line())["url"]
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the server."""
        self.stop()

    def reset(self) -> None:
        """Reset the server: its metrics, its think times, its rate limit.

        Raises:
            MeasurementError: it doesn't answer.

        """
        self._request("POST", "/_bench/reset")

    def reload(self) -> None:
        """Have the server read its corpus again, which has changed.

        Raises:
            MeasurementError: it doesn't answer, or can't serve what it read.

        """
        self._request("POST", "/_bench/reload")

    def stats(self) -> ServerRecord:
        """Return the server's metrics since the last reset.

        Raises:
            MeasurementError: it doesn't answer, or not as it should.

        """
        body = self._request("GET", "/_bench/stats")
        try:
            return ServerRecord.model_validate_json(body)
        except ValidationError as error:
            raise MeasurementError(f"the simulator's record can't be read: {error}") from None

    def stop(self) -> None:
        """End the server, by SIGKILL if SIGTERM doesn't do. Stopping twice is fine."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if self._stderr is not None:
            self._stderr.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise MeasurementError("the simulator is not running")
        return self._process

    def _first_line(self) -> bytes:
        process = self._started()
        assert process.stdout is not None
        deadline = time.monotonic() + READY_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise MeasurementError(f"the simulator was not ready within {READY_S:.0f} s{self._stderr_tail()}")
            read = os.read(process.stdout.fileno(), 4096)
            if not read:
                raise MeasurementError(f"the simulator ended with status {process.wait()}{self._stderr_tail()}")
            line += read
        return line

    def _stderr_tail(self) -> str:
        assert self._stderr is not None
        self._stderr.seek(0)
        text = self._stderr.read()[-_SHOWN:].decode("utf-8", "replace").strip()
        return f": {text}" if text else ""

    def _request(self, method: str, path: str) -> bytes:
        process = self._started()
        # Not through urllib, which would ask a proxy of the environment.
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_S)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            ended = (
                "" if process.poll() is None else f"; it ended with status {process.returncode}{self._stderr_tail()}"
            )
            raise MeasurementError(f"the simulator doesn't answer {method} {path}: {error!r}{ended}") from None
        finally:
            connection.close()
        if response.status >= 300:  # noqa: PLR2004 - the statuses of success end there
            raise MeasurementError(f"the simulator answers {method} {path} with status {response.status}")
        return body


def _arguments(server: Server) -> list[str]:
    options: dict[str, Any] = {
        "--paging": server.paging,
        "--think-ms": server.think_ms,
        "--jitter-ms": server.jitter_ms,
        "--max-page": server.max_page,
    }
    if server.rate is not None:
        options |= {"--rate": server.rate.per_second, "--burst": server.rate.burst}
    if server.slots is not None:
        options |= {"--slots": server.slots, "--service-ms": server.service_ms}
    return [part for name, value in options.items() for part in (name, str(value))]
