"""The generated API as a process beside the driver."""

from __future__ import annotations

from pathlib import Path

from ingest_bench.config.server import Server
from ingest_bench.reference.records import Traffic
from ingest_bench.simulator.process import SimulatorProcess


class ReferenceServer(SimulatorProcess):
    """Serves the items of a description, at one epoch after the other."""

    def __init__(self, folder: Path, *, port: int, largest_page: int) -> None:
        """Prepare the command; the context manager starts it.

        Args:
            folder: with `generated.json`.
            port: that it listens on, so that its URL is the same each time.
            largest_page: the most items that it puts on a page.

        """
        super().__init__(folder, Server(max_page=largest_page), 0, ["--port", str(port)])
        self._epoch = 0

    def switch(self, epoch: int) -> None:
        """Go on to an epoch.

        Raises:
            MeasurementError: the server doesn't answer.

        """
        if epoch != self._epoch:
            self._request("POST", f"/_bench/epoch?number={epoch}")
            self._epoch = epoch

    def traffic(self) -> Traffic:
        """Return what was asked for since the last reset.

        Raises:
            MeasurementError: the server doesn't answer.

        """
        return Traffic.model_validate_json(self._request("GET", "/_bench/traffic"))
