"""Cells of the matrix as cases: the same corpus and the same server for both builds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from ingest_bench.builds.build import Build
from ingest_bench.builds.names import SideName, as_sample, name_among
from ingest_bench.builds.records import BuildSample
from ingest_bench.config.matrix import PlannedCell
from ingest_bench.config.models import Settings
from ingest_bench.config.paths import corpus_folder, job_file, manifest_file
from ingest_bench.corpora import build_corpus, describe_corpus
from ingest_bench.harness.sides import PairSide, open_sides
from ingest_bench.harness.spawn import run_json
from ingest_bench.harness.validity import digest_difference, invalid_reason
from ingest_bench.results.digest import CLASSES
from ingest_bench.system.page_cache import corpus_files, fill
from ingest_bench.workflow.corpus_state import remember
from ingest_bench.workflow.identity import corpus_identity, fingerprint
from ingest_bench.workflow.jobs import recorded
from ingest_bench.workflow.staleness import Freshness


def make_corpus(settings: Settings, name: str) -> None:
    """Have a corpus in place, built or looked at by this build unless it is there as its manifest says."""
    if Freshness(settings).corpus(name) is None:
        return
    manifest = manifest_file(settings, name)
    with recorded(job_file(settings, name), "corpus", name, fingerprint(corpus_identity(settings, name))):
        if settings.corpora[name].generated:
            build_corpus(settings, name, corpus_folder(settings, name), manifest, os.cpu_count() or 1)
        else:
            describe_corpus(settings, name, manifest)
        remember(corpus_folder(settings, name), manifest)


@dataclass
class CellCase:
    """A cell that both builds have."""

    name: str
    settings: Settings
    cell: PlannedCell
    builds: Mapping[SideName, Build]
    described: Mapping[SideName, Mapping[str, Any]]
    """How each build measures it: `module`, `spec`."""

    @property
    def depends_on(self) -> Any:
        """What a sample of it depends on beside the builds' code."""
        return [self.described, corpus_identity(self.settings, self.cell.corpus)]

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Have corpus and server ready for samples.

        Raises:
            MeasurementError: the server doesn't start.

        """
        make_corpus(self.settings, self.cell.corpus)
        # Against itself: whatever the cell's own baseline is, it isn't measured here.
        alone = replace(self.cell, baseline=self.cell.candidate)
        with ExitStack() as stack:
            self._side: PairSide = open_sides(self.settings, alone, stack)["candidate"]
            if self._side.files and self.cell.cache == "warm":
                fill(corpus_files(self._side.files))
            os.sync()
            yield

    def sample(self, side: SideName, pair: int) -> BuildSample:
        """Take a sample.

        Raises:
            MeasurementError: it failed.

        """
        build, described, server = self.builds[side], self.described[side], self._side.server
        scratch = Path(self.settings.results) / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        if server:
            server.reset()
        evicted = str(self._side.files) if self.cell.cache == "cold" and self._side.files else None
        try:
            result = run_json(
                build.command("-m", described["module"]),
                orjson.dumps(_filled(described["spec"], self._side, pair % CLASSES, evicted, str(scratch.absolute()))),
                self.cell.sampling.timeout_seconds,
                build.variables,
                f"a sample of {self.name} by the {side} build",
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        sample = as_sample(result, side, pair)
        sample.server = server.stats() if server and self._side.asks else None
        return BuildSample(
            side=side,
            pair=pair,
            wall_s=sample.wall_s,
            cpu_s=sample.cpu_user_s + sample.cpu_system_s,
            peak_rss_mib=sample.peak_rss_mib,
            items=sample.items,
            failures=sample.failures,
            digest=sample.digest,
            server=sample.server,
            invalid=invalid_reason(sample, sample.server),
        )

    def difference(self, sample: BuildSample) -> str | None:
        """Say how what was delivered differs from what the corpus holds; None: it doesn't, or nobody knows."""
        if sample.digest is None or not self._side.delivers:
            return None
        return digest_difference(sample.digest, self._side.expected, count_only=self._side.count_only)


def _filled(
    spec: Mapping[str, Any], side: PairSide, content_class: int, evicted: str | None, scratch: str
) -> dict[str, Any]:
    """Add to a build's description of a sample what differs from sample to sample, under that build's names."""
    arm = {**spec["arm"], "source": side.arm.source, "collection": side.arm.collection}
    filled = {**spec, "arm": arm, "parent": os.getpid(), "evict": evicted, "scratch": scratch}
    return {**filled, name_among("content_class", spec) or "content_class": content_class}
