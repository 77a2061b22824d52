"""What is measured: cells of the matrix, and whole commands. Both builds read the same corpus from the same server."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ingest_bench.builds.build import Build
from ingest_bench.builds.records import SIDES, SideName, as_sample, name_among
from ingest_bench.config.matrix import PlannedCell, find_cell
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import make_corpus
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.pipeline_sample import written
from ingest_bench.harness.sides import PairSide, open_sides
from ingest_bench.harness.spawn import hash_seed_of, hash_seeded, run_json
from ingest_bench.harness.validity import invalid_reason
from ingest_bench.results.digest import CLASSES, DigestSink
from ingest_bench.results.models import Sample
from ingest_bench.system.host_lock import host_lock
from ingest_bench.system.page_cache import corpus_files, fill
from ingest_bench.system.whole_process import last_words, launching
from ingest_bench.workflow.identity import cell_identity, corpus_identity, fingerprint
from ingest_bench.workflow.jobs import recorded
from ingest_bench.workflow.staleness import Freshness, remember


class Command(NamedTuple):
    """A call of `python -m stac_ingest`, on nothing or on a corpus whose items it writes."""

    corpus: str | None
    to: str
    """The output format."""
    options: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Of its environment."""


_AT_20 = ("--concurrency", "20", "--strategy", "time_chunks")
_ONE_THREAD_EACH = (("ARROW_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1"))
COMMANDS: dict[str, Command] = {
    "help": Command(None, "", ("--help",)),
    "one-item": Command("command_item", "ndjson"),
    "files-ndjson": Command("command_files", "ndjson"),
    "files-geoparquet": Command("command_files", "geoparquet"),
    "geoparquet-ndjson": Command("command_table", "ndjson"),
    "geoparquet-geoparquet": Command("command_table", "geoparquet"),
    "api-ndjson": Command("command_api", "ndjson", ("--concurrency", "10", "--strategy", "time_chunks")),
    "files-10k-ndjson": Command("command_files_10k", "ndjson"),
    "files-10k-geoparquet": Command("command_files_10k", "geoparquet"),
    "table-100mb-ndjson": Command("command_table_100mb", "ndjson"),
    "table-100mb-geoparquet": Command("command_table_100mb", "geoparquet"),
    "tables-5-geoparquet": Command("command_tables_5", "geoparquet", ("--concurrency", "2"), _ONE_THREAD_EACH),
    "api-10k-ndjson": Command("command_api_10k", "ndjson", _AT_20),
    "api-10k-geoparquet": Command("command_api_10k", "geoparquet", _AT_20),
}
"""By name, as in `commands/help`. The size of a command's corpus is part of what its name means."""
_CORPORA = {
    "command_item": {"kind": "item_files", "items": 1},
    "command_files": {"kind": "item_files", "items": 2000},
    "command_table": {"kind": "geoparquet", "items": 2000, "files": 1},
    "command_api": {"kind": "api", "items": 2000},
    "command_files_10k": {"kind": "item_files", "items": 10_000},
    "command_table_100mb": {"kind": "geoparquet", "items": 27_000, "files": 1, "item_kb": 20},
    "command_tables_5": {"kind": "geoparquet", "items": 135_000, "files": 5, "item_kb": 20},
    "command_api_10k": {"kind": "api", "items": 10_000},
}
_SCENARIO = {
    "title": "Command",
    "group": "commands",
    "baseline": {"arm": "ingest"},
    "arms": {"ingest": {"concurrency": [1]}},
}
_SERVED: dict[str, dict[str, Any]] = {
    "command_api": {"server": {"think_ms": 5, "jitter_ms": 0.5}},
    "command_api_10k": {"server": {"think_ms": 0}},
}


class Case:
    """A cell or a command, which both builds have."""

    def __init__(
        self, name: str, settings: Settings, cell: PlannedCell | None, builds: Mapping[SideName, Build], plan: Any
    ) -> None:
        """Take what both builds measure.

        Args:
            name: of the case.
            settings: say where corpora go, and hold the cell.
            cell: the cell, or one that reads what the command reads; None: it reads nothing.
            builds: by side.
            plan: what a sample depends on beside the cell and the builds' code, as JSON can hold it.

        """
        self.name, self._settings, self._cell, self._builds, self._plan = name, settings, cell, builds, plan
        self._side: PairSide | None = None

    def key(self, code: Mapping[SideName, str]) -> str:
        """Return a hash of all that a sample depends on, given the hash of each build's code."""
        identity = cell_identity(self._settings, self._cell) if self._cell else None
        return fingerprint(json.dumps([self.name, identity, self._plan, code]))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have corpus and server ready for samples.

        Raises:
            MeasurementError: the server doesn't start.

        """
        with ExitStack() as stack:
            if self._cell:
                _have_corpus(self._settings, self._cell.corpus)
                # Against itself: whatever the cell's own baseline is, it isn't measured here.
                alone = replace(self._cell, baseline=self._cell.candidate)
                self._side = open_sides(self._settings, alone, stack)["candidate"]
                if self._side.files and self._cell.cache == "warm":
                    fill(corpus_files(self._side.files))
                os.sync()
            yield

    def sample(self, side: SideName, pair: int) -> Sample:
        """Take a sample.

        Raises:
            MeasurementError: it failed.

        """
        scratch = Path(self._settings.results).absolute() / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        server = self._side.server if self._side else None
        if server:
            server.reset()
        try:
            seed = hash_seed_of(pair, f"{self._settings.seed}/{self.name}")
            result = self._run(side, pair % CLASSES, scratch, hash_seeded(self._builds[side].variables, seed))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        sample = as_sample(result, side, pair)
        sample.server = server.stats() if server and self._side and self._side.asks else None
        sample.invalid = invalid_reason(sample, sample.server) if self._side else None
        return sample

    def difference(self, sample: Sample) -> str | None:
        """Return how what was delivered differs from what the corpus holds; None: it doesn't, or nobody knows."""
        if self._side is None or not self._side.delivers:
            return None
        return self._side.difference(sample.digest)

    def _run(self, side: SideName, content_class: int, scratch: Path, variables: Mapping[str, str]) -> dict[str, Any]:
        """Return what a process of a build measured, under the names of that build."""
        raise NotImplementedError


class CellCase(Case):
    """A cell. Its plan is, by side, how the build measures it: `module` and `spec`."""

    def _run(self, side: SideName, content_class: int, scratch: Path, variables: Mapping[str, str]) -> dict[str, Any]:
        assert self._cell is not None
        assert self._side is not None
        build, reads, spec = self._builds[side], self._side, self._plan[side]["spec"]
        filled = {
            **spec,
            "arm": {**spec["arm"], "source": reads.arm.source, "collection": reads.arm.collection},
            "parent": os.getpid(),
            "evict": str(reads.files) if reads.files and self._cell.cache == "cold" else None,
            "scratch": str(scratch),
            name_among("content_class", spec) or "content_class": content_class,
        }
        command = build.command("-m", self._plan[side]["module"])
        timeout = self._cell.sampling.timeout_seconds
        what = f"a sample of {self.name} by the {side} build"
        return run_json(command, orjson.dumps(filled), timeout, variables, what)


class CommandCase(Case):
    """A command, from the start of the process to its end."""

    def __init__(self, name: str, settings: Settings, builds: Mapping[SideName, Build]) -> None:
        """Take a command by its name, as in `commands/help`; the settings say where corpora go and give their seed."""
        self._command = COMMANDS[name.removeprefix("commands/")]
        scenarios = {corpus: {**_SCENARIO, **_SERVED.get(corpus, {}), "corpus": corpus} for corpus in _CORPORA}
        kept = {key: getattr(settings, key) for key in ("results", "seed", "sampling")}
        settings = Settings.model_validate({**kept, "corpora": _CORPORA, "scenarios": scenarios})
        spec = find_cell(settings, self._command.corpus, "ingest", 1) if self._command.corpus else None
        super().__init__(name, settings, spec, builds, self._command)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have corpus and server ready; both builds run once, so that bytecode and files are in memory.

        Raises:
            MeasurementError: the server doesn't start, or a command fails.

        """
        with super().opened():
            with host_lock():
                for side in SIDES:
                    self.sample(side, 0)
            yield

    def _run(
        self,
        side: SideName,
        content_class: int,  # noqa: ARG002 - all is compared
        scratch: Path,
        variables: Mapping[str, str],
    ) -> dict[str, Any]:
        said, output, build = scratch / "said", scratch / "output", self._builds[side]
        arguments, sink = list(self._command.options), DigestSink(None)
        if self._side:
            arguments += [self._side.arm.source, "--to", self._command.to, "--output", str(output)]
            arguments += ["--collection", self._side.arm.collection] if self._side.arm.collection else []
        launch = launching(said, build.command("-m", "stac_ingest", *arguments))
        what, variables = f"{self.name} of the {side} build", {**variables, **dict(self._command.variables)}
        result = run_json(launch, b"", self._settings.sampling.timeout_seconds, variables, what)
        if code := result["exit_code"]:
            raise MeasurementError(f"{what} failed with exit code {code}: {last_words(said)}")
        for item in written(self._command.to, output) if self._side else ():
            sink.add(item)
        digest = sink.result()
        unknown = {"failures": 0, "start_rss_mib": 0, "first_item_s": None}
        return {**result, **unknown, "items": digest.count, "digest": digest.model_dump()}


def _have_corpus(settings: Settings, name: str) -> None:
    """Have a corpus in place, built or looked at by this build unless it is there as its manifest says."""
    if Freshness(settings).corpus(name) is None:
        return
    with recorded(settings.job_file(name), "corpus", name, fingerprint(corpus_identity(settings, name))):
        manifest = make_corpus(settings, name, os.cpu_count() or 1)
        remember(settings.corpus_folder(name), manifest)
