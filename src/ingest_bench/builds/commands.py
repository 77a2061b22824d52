"""Whole commands as cases: `python -m stac_ingest` of either build, from the start of the process to its end."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest_bench.builds.build import Build
from ingest_bench.builds.cells import make_corpus
from ingest_bench.builds.names import SIDES, SideName
from ingest_bench.builds.records import BuildSample
from ingest_bench.config.models import Corpus, Server, Settings
from ingest_bench.config.paths import corpus_folder, manifest_file
from ingest_bench.corpora.manifest import read_manifest
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.pipeline_sample import written
from ingest_bench.harness.spawn import run_json
from ingest_bench.harness.validity import digest_difference
from ingest_bench.results.digest import DigestSink
from ingest_bench.results.models import Digest
from ingest_bench.simulator.process import SimulatorProcess
from ingest_bench.system.host_lock import host_lock
from ingest_bench.system.page_cache import corpus_files, fill
from ingest_bench.workflow.identity import corpus_identity

LAUNCH = Path(__file__).with_name("launch.py")
LAST_WORDS = 500
"""Characters that are quoted of what a failed command said."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is run: on nothing, or on a corpus whose items it writes."""

    corpus: str | None = None
    to: str = ""
    """The output format."""
    options: tuple[str, ...] = ()


CORPORA = {
    "command_item": Corpus(kind="item_files", items=1),
    "command_files": Corpus(kind="item_files", items=2000),
    "command_table": Corpus(kind="geoparquet", items=2000, files=1),
    "command_api": Corpus(kind="api", items=2000),
}
SERVER = Server(think_ms=5, jitter_ms=0.5)
"""How `command_api` is served."""
COMMANDS = {
    "help": Command(options=("--help",)),
    "one-item": Command("command_item", "ndjson"),
    "files-ndjson": Command("command_files", "ndjson"),
    "files-geoparquet": Command("command_files", "geoparquet"),
    "geoparquet-ndjson": Command("command_table", "ndjson"),
    "geoparquet-geoparquet": Command("command_table", "geoparquet"),
    "api-ndjson": Command("command_api", "ndjson", ("--concurrency", "10", "--strategy", "time_chunks")),
}
"""By name, as in `commands/help`. The size of a command's corpus is part of what its name means."""


class CommandCase:
    """A command that both builds run."""

    def __init__(self, name: str, settings: Settings, builds: Mapping[SideName, Build]) -> None:
        """Take a name out of `COMMANDS`; the settings say where corpora go and give their seed."""
        self.name = f"commands/{name}"
        self._command, self._builds = COMMANDS[name], builds
        self._corpus = self._command.corpus or ""
        self._settings = settings.model_copy(update={"corpora": CORPORA})
        self._scratch = Path(settings.results).absolute() / "scratch"
        self._source: list[str] = []
        self._server: SimulatorProcess | None = None

    @property
    def depends_on(self) -> Any:
        """What a sample of it depends on beside the builds' code."""
        corpus = corpus_identity(self._settings, self._corpus) if self._corpus else None
        return [self._command.to, self._command.options, SERVER.model_dump(), corpus]

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have corpus and server ready; both builds run once, so that bytecode and files are in memory.

        Raises:
            MeasurementError: the server doesn't start, or a command fails.

        """
        with ExitStack() as stack:
            if self._corpus:
                make_corpus(self._settings, self._corpus)
                self._source = self._read_from(stack)
            with host_lock():
                for side in SIDES:
                    self.sample(side, 0)
            yield

    def sample(self, side: SideName, pair: int) -> BuildSample:
        """Run the command once.

        Raises:
            MeasurementError: it failed; with the end of what it said.

        """
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        said, output, build = self._scratch / "said", self._scratch / "output", self._builds[side]
        writes = ["--to", self._command.to, "--output", str(output)] if self._command.to else []
        command = build.command("-m", "stac_ingest", *self._source, *writes, *self._command.options)
        what = f"{self.name} of the {side} build"
        if self._server:
            self._server.reset()
        try:
            used = run_json(
                [sys.executable, "-I", "-S", str(LAUNCH), str(said), *command],
                b"",
                self._settings.sampling.timeout_seconds,
                build.variables,
                what,
            )
            if code := used.pop("exit_code"):
                words = said.read_text(errors="replace").strip()[-LAST_WORDS:]
                raise MeasurementError(f"{what} failed with exit code {code}: {words}")
            digest = _delivered(self._command.to, output) if self._command.to else None
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
        server = self._server.stats() if self._server else None
        items = digest.count if digest else None
        return BuildSample(side=side, pair=pair, items=items, digest=digest, server=server, **used)

    def difference(self, sample: BuildSample) -> str | None:
        """Say how what was written differs from what the corpus holds; None: it doesn't."""
        if sample.digest is None:
            return None
        return digest_difference(sample.digest, read_manifest(manifest_file(self._settings, self._corpus)).reference)

    def _read_from(self, stack: ExitStack) -> list[str]:
        """Give the arguments that name the source; its server ends with the stack."""
        folder = corpus_folder(self._settings, self._corpus).absolute()
        if CORPORA[self._corpus].kind != "api":
            fill(corpus_files(folder))
            os.sync()
            return [str(folder)]
        self._server = stack.enter_context(SimulatorProcess(folder, SERVER, self._settings.seed))
        collection = read_manifest(manifest_file(self._settings, self._corpus)).collection
        return [self._server.url, "--collection", str(collection)]


def _delivered(output: str, folder: Path) -> Digest:
    sink = DigestSink(None)
    for item in written(output, folder):
        sink.add(item)
    return sink.result()
