"""A pytest plugin: `stac_server` starts simulated STAC APIs, sound or hostile, as processes on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ingest_bench.simulator.process import SimulatorProcess

# pytest loads this in every run of whoever has the package installed: nothing heavy is imported before a server is.


class StartServer:
    """Starts servers that end with the test."""

    def __init__(self, running: ExitStack, folders: pytest.TempPathFactory) -> None:
        """Take what ends the servers, and where corpora are made."""
        self._running, self._folders = running, folders

    def __call__(
        self, *behaviours: str, corpus: Path | None = None, items: int = 100, seed: int = 0, options: Sequence[str] = ()
    ) -> SimulatorProcess:
        """Start a server.

        Args:
            behaviours: `NAME[=VALUE][@SHARE]`, as `python -m ingest_bench simulate --list-behaviours` lists them.
            corpus: a folder with `collection.json` and `items.ndjson` to serve; generated when it isn't given.
            items: how many to generate; their collection is `sentinel-2-l2a`.
            seed: of tokens and shares.
            options: further options of `python -m ingest_bench simulate`, such as `["--paging", "page"]`.

        Raises:
            MeasurementError: the server doesn't start; with the reason.

        """
        from ingest_bench.config.server import Server  # noqa: PLC0415 - see above
        from ingest_bench.simulator.process import SimulatorProcess  # noqa: PLC0415 - see above

        extra = [part for behaviour in behaviours for part in ("--behaviour", behaviour)]
        folder = corpus or _generated(self._folders, items)
        return self._running.enter_context(SimulatorProcess(folder, Server(), seed, [*extra, *options]))


@pytest.fixture
def stac_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Return a function that starts a server; all servers end with the test.

    The server has its root at `.url`, and `.stats().requests` is the number of requests that it received.
    """
    with ExitStack() as running:
        yield StartServer(running, tmp_path_factory)


def _generated(folders: pytest.TempPathFactory, items: int) -> Path:
    from ingest_bench.config.models import Corpus  # noqa: PLC0415 - see above
    from ingest_bench.corpora.builder import build  # noqa: PLC0415 - see above

    folder = folders.mktemp("stac_server") / "corpus"
    settings: dict[str, Any] = {"kind": "api", "items": items}
    build("stac_server", Corpus(**settings), 0, folder, folder.with_suffix(".json"), 1)
    return folder
