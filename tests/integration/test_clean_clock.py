"""That no arm of the matrix imports anything while its clock runs: what is measured is ingesting, not loading code."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest_bench.arms import arm_kind, arm_names
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.harness.sides import open_sides
from ingest_bench.harness.spawn import run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.models import Sample
from ingest_bench.system.resource_usage import Meter
from stac_ingest.config import IngestConfig

ROOT = Path(__file__).parents[2]
PAGE = 20
SMALL: dict[str, dict[str, Any]] = {
    "item_files": {"items": 70},
    "items_directory": {"items": 40, "corrupt_share": 0.2},
    "geoparquet": {"items": 50, "files": 5},
    "api": {"items": 100},
    "catalog": {"items": 30},
}
FURTHER: dict[str, Any] = {
    "checkpoints": {
        "title": "Checkpoints",
        "group": "checkpoints",
        "corpus": "small_files",
        "baseline": {"arm": "checkpoint"},
        "arms": {name: {"fetcher": name, "concurrency": [1]} for name in ("checkpoint", "checkpoint_reopened")},
    },
    "read_directory": {
        "title": "Other readers of a directory",
        "group": "files",
        "corpus": "broken_directory",
        "baseline": {"arm": "aiofiles"},
        "arms": {
            name: {"fetcher": name, "concurrency": [1, 5]} for name in ("aiofiles", "process_pool", "stac_manager")
        },
    },
    "read_tables": {
        "title": "Reading tables alone, several at once",
        "group": "stages",
        "corpus": "large_files",
        "baseline": {"arm": "reading", "concurrency": 2},
        "arms": {
            "reading": {"fetcher": "read_only", "concurrency": [2], "settings": {"worker_strategy": "queue"}},
        },
    },
    "read_catalog": {
        "title": "A static catalog",
        "group": "files",
        "corpus": "small_catalog",
        "baseline": {"arm": "sequential"},
        "arms": {
            "sequential": {"concurrency": [1]},
            "queue": {"concurrency": [2], "settings": {"worker_strategy": "queue"}},
            "reading": {"fetcher": "read_only", "concurrency": [1]},
        },
    },
    **{
        f"shards_{corpus}": {
            "title": "Shards",
            "group": "shards",
            "corpus": corpus,
            "pipeline": {"output": "geoparquet"},
            "baseline": {"arm": "sharded"},
            "arms": {"sharded": {"fetcher": "sharded", "concurrency": [1, 2]}},
        }
        for corpus in ("small_files", "broken_directory", "large_files")
    },
}
"""Ways that can be measured, and that config.yaml leaves to other matrices."""


def small() -> dict[str, Any]:
    """Return the matrix with corpora of a few items, small pages and a server that soon refuses what has a limit."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    found["scenarios"] |= FURTHER
    found["corpora"]["small_catalog"] = {"kind": "catalog"}
    for corpus in found["corpora"].values():
        corpus.update(SMALL[corpus["kind"]])
    for scenario in found["scenarios"].values():
        for server in filter(None, [scenario.get("server"), *(arm.get("server") for arm in scenario["arms"].values())]):
            server |= {"max_page": PAGE, "think_ms": 1, "jitter_ms": 0}
            if "rate" in server:
                server["rate"] = {"per_second": 40, "burst": 2}
    return found


def way(cell: PlannedCell) -> tuple[Any, ...]:
    """Return what decides which code a cell's candidate runs."""
    side = cell.candidate
    arm, kind = side.options, side.corpus_options.kind
    level = "auto" if arm.fetcher == "adaptive" else cell.concurrency
    known = arm.fetcher != "pystac_client"
    asked = {**(arm.settings if known else {}), "mode": "api" if kind == "api" else "file", "concurrency": level}
    config = IngestConfig.parse({**asked, "source": "-"})
    asks = (side.server.paging, side.server.rate is not None) if side.server else None
    several = cell.concurrency > 1
    return arm.fetcher, kind, config.strategy, config.read_ahead, several, side.output, asks, cell.cache, cell.picked


def distinct() -> dict[str, PlannedCell]:
    """Return a cell for each way but whole commands, whose imports are to be timed, by the name of the cell."""
    settings = load_settings(small())
    clean = [cell for cell in cells(settings) if not cell.candidate.options.record.whole_process]
    found = {way(cell): cell for cell in clean}
    return {cell.name: cell for cell in found.values()}


CELLS = distinct()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the small matrix, its corpora built."""
    settings = load_settings({**small(), "results": str(tmp_path_factory.mktemp("results"))})
    for name in settings.corpora:
        build_corpus(settings, name, settings.corpus_folder(name), settings.manifest_file(name))
    return settings


def sample_of(settings: Settings, cell: PlannedCell, scratch: Path, *, by_name: bool = False) -> Sample:
    """Return a sample of a cell's candidate; `by_name`: whose server is called by its name, not by its address."""
    with ExitStack() as stack:
        side = open_sides(settings, cell, stack)["candidate"]
        arm = replace(side.arm, source=side.arm.source.replace("127.0.0.1", "localhost")) if by_name else side.arm
        evict = str(side.files) if cell.cache == "cold" else None
        spec = SampleSpec(
            arm,
            None,
            os.getpid(),
            evict=evict,
            output=side.planned.output,
            scratch=str(scratch) if side.planned.output else None,
        )
        return Sample(**run_sample(spec, 60), role="candidate", pair=0)


@pytest.mark.slow
def test_every_fetcher_is_looked_at() -> None:
    """There is no fetcher that the next test leaves out, on any kind of corpus that it can read."""
    sides = [cell.candidate for cell in CELLS.values()]
    looked_at = {(side.options.fetcher, side.corpus_options.kind) for side in sides}
    kinds = [arm_kind(name) for name in arm_names()]
    assert looked_at == {(kind.name, layout) for kind in kinds if not kind.whole_process for layout in kind.reads}


@pytest.mark.slow
def test_the_clock_sees_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported while the clock runs is in the reading, by its full name, and nothing else is."""
    monkeypatch.delitem(sys.modules, "xml.dom.minicompat", raising=False)
    meter = Meter()
    importlib.import_module("xml.dom.minicompat")
    assert "xml.dom.minicompat" in meter.stop().imported
    assert Meter().stop().imported == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_nothing_is_imported_on_the_clock(settings: Settings, tmp_path: Path, name: str) -> None:
    """No module of any package is imported between the start and the end of an arm's clock, whatever it reads."""
    sample = sample_of(settings, CELLS[name], tmp_path)
    assert [note for note in sample.notes if note.startswith("imported")] == []
    assert sample.items > 0


@pytest.mark.slow
@pytest.mark.parametrize("fetcher", ["ingest", "adaptive", "read_only", "pystac_client"])
def test_looking_up_a_name_imports_nothing(settings: Settings, tmp_path: Path, fetcher: str) -> None:
    """A server that has a name costs no imports either, though looking names up takes a codec that loads late."""
    found = [cell for cell in CELLS.values() if cell.candidate.options.fetcher == fetcher]
    cell = next(cell for cell in found if cell.candidate.corpus_options.kind == "api")
    sample = sample_of(settings, cell, tmp_path, by_name=True)
    assert [note for note in sample.notes if note.startswith("imported")] == []
    assert sample.items > 0
