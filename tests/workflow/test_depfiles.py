"""What a changed line of code makes out of date: exactly what was made by processes that had loaded its module."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from copies import copy_unmade

from factories import QUEUE, arm, matrix, scenario

pytestmark = pytest.mark.slow

Checkout = Any
"""The class of that name in `conftest.py`."""


CONFIG = matrix(
    {"files": ("item_files", 30), "tables": {"kind": "geoparquet", "items": 30, "files": 2}, "api": ("api", 30)},
    results="results",
    sampling={"budget_seconds": 0.001, "tracemalloc_items": 0},
    files=scenario(arms={"sequential": arm(), "queue": arm(2, settings=QUEUE), "pool": arm(2, fetcher="process_pool")}),
    own=scenario(arms={"sequential": arm(), "upstream": arm(fetcher="stac_manager")}, baseline={"arm": "upstream"}),
    lines=scenario(pipeline={"output": "ndjson"}),
    shards=scenario(arms={"sequential": arm(), "shards": arm(2, fetcher="sharded")}, pipeline={"output": "geoparquet"}),
    tables=scenario("tables"),
    api=scenario("api", server={"think_ms": 1, "jitter_ms": 2}),
)
FILES = {
    *("files: sequential at 1", "files: queue at 2", "files: pool at 2", "own: sequential at 1", "own: upstream at 1"),
    *("lines: sequential at 1", "shards: sequential at 1", "shards: shards at 2"),
}
CELLS = {*FILES, "tables: sequential at 1", "api: sequential at 1"}
WRITTEN = {"report", "advice", "receipt"}
AFTER = {"aggregate", *WRITTEN}
CHANGES = {
    "a source": ("stac_ingest/sources/stac_api.py", {"api: sequential at 1", *AFTER}),
    "a module of another source": (
        "stac_ingest/sources/directory/source.py",
        {*FILES - {"own: upstream at 1"}, *WRITTEN, "aggregate"},
    ),
    "a strategy": ("stac_ingest/strategies/worker_pool.py", {"files: queue at 2", *AFTER}),
    "an output": ("stac_ingest/outputs/ndjson.py", {"lines: sequential at 1", *AFTER}),
    "an arm": ("ingest_bench/arms/stac_manager_arm.py", {"own: sequential at 1", "own: upstream at 1", *AFTER}),
    "an arm of workers": ("ingest_bench/arms/process_pool_arm.py", {"files: pool at 2", *AFTER}),
    "the sharding": ("stac_ingest/sharding/finalize.py", {"shards: shards at 2", *AFTER}),
    "what shards alone load": ("stac_ingest/sharding/manifest.py", {"shards: shards at 2", *AFTER}),
    "the simulator": ("ingest_bench/simulator/item_store.py", {"api: sequential at 1", *AFTER}),
    "the harness": ("ingest_bench/harness/validity.py", {*CELLS, *AFTER}),
    "a generator": ("ingest_bench/corpora/geoparquet.py", {"corpus tables", "tables: sequential at 1", *AFTER}),
    "what all generators use": (
        "ingest_bench/corpora/scenes.py",
        {"corpus files", "corpus tables", "corpus api", *CELLS, *AFTER},
    ),
    "how a corpus is checked": ("ingest_bench/corpora/check.py", set()),
    "the results": ("ingest_bench/results/parquet.py", AFTER),
    "the report": ("ingest_bench/report/formatting.py", WRITTEN),
    "a figure of the report": ("ingest_bench/report/plots/plot.css", WRITTEN),
    "the design document": ("ingest_bench/report/design/context.py", {"advice", "receipt"}),
    "the plan": ("ingest_bench/workflow/snakemake_internals.py", set()),
    "the settings": ("ingest_bench/config/checks.py", AFTER),
    "the calibration": ("ingest_bench/calibration/systems.py", set()),
    "one command line": ("ingest_bench/__main__.py", set()),
    "the other command line": ("stac_ingest/cli/run.py", set()),
}
PLANNED = ("a source", "a strategy", "the simulator", "the results", "the report")
"""Changes of each kind of job, which Snakemake is asked about as well."""
OUT_OF_DATE = """
import json, sys
from functools import cache
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.system import dependencies
from ingest_bench.workflow.staleness import Freshness

dependencies.behaviour = cache(dependencies.behaviour)
settings = load_settings("config.yaml")
for _ in sys.stdin:
    dependencies.module_hash.cache_clear()
    fresh = Freshness(settings)
    reasons = {f"corpus {name}": fresh.corpus(name) for name in settings.corpora}
    for cell in cells(settings):
        reasons[f"{cell.scenario}: {cell.arm} at {cell.concurrency}"] = fresh.cell(cell)
    for name in ("aggregate", "report", "advice", "receipt"):
        reasons[name] = getattr(fresh, name)()
    print(json.dumps([name for name, reason in reasons.items() if reason]), flush=True)
"""
"""Names what the workflow takes for out of date, once for each line that it is given. A source is parsed once."""


@pytest.fixture(scope="module")
def wide(measured: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Measure a matrix with arms, outputs and corpora of all kinds once, in a checkout of its own."""
    folder = tmp_path_factory.mktemp("wide") / "checkout"
    copy_unmade(measured.folder, folder)
    made = replace(measured, folder=folder)
    made.configure(CONFIG)
    made.snakemake("--cores", "8")
    return made


@pytest.fixture
def restored(wide: Checkout) -> Iterator[Checkout]:
    """Return the checkout, and put its sources back afterwards; plans change nothing else."""
    kept = {path: path.read_bytes() for path in (wide.folder / "src").rglob("*") if path.is_file()}
    yield wide
    for path, data in kept.items():
        if path.read_bytes() != data:
            path.write_bytes(data)


@pytest.fixture(scope="module")
def out_of_date(wide: Checkout) -> Iterator[Callable[[], set[str]]]:
    """Return what names all that is out of date in the checkout, by the code that Snakemake's plan rests on."""
    process = subprocess.Popen(
        [sys.executable, "-c", OUT_OF_DATE],
        cwd=wide.folder,
        env=wide.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def found() -> set[str]:
        assert process.stdin
        assert process.stdout
        print(file=process.stdin, flush=True)
        return set(json.loads(process.stdout.readline()))

    yield found
    process.communicate()


def add_a_line(checkout: Checkout, module: str) -> None:
    """Have a module, or a style sheet, do one thing more."""
    path = checkout.folder / "src" / module
    path.write_text(
        f"{path.read_text()}\nADDED = 1\n" if path.suffix == ".py" else f"{path.read_text()}\n.added {{}}\n"
    )


@pytest.mark.parametrize(("module", "planned"), CHANGES.values(), ids=CHANGES)
def test_a_changed_line(
    restored: Checkout, out_of_date: Callable[[], set[str]], module: str, planned: set[str]
) -> None:
    """One more line in a module has exactly that made again whose processes had loaded it, and what follows from it."""
    assert out_of_date() == set()
    add_a_line(restored, module)
    assert out_of_date() == planned


@pytest.mark.parametrize("change", PLANNED)
def test_what_is_out_of_date_is_planned(restored: Checkout, change: str) -> None:
    """Snakemake plans the jobs that make what is out of date, and no other."""
    module, planned = CHANGES[change]
    add_a_line(restored, module)
    assert restored.plan() == planned


def test_comments_and_docstrings(restored: Checkout, out_of_date: Callable[[], set[str]]) -> None:
    """A comment in every module, and another docstring in every one that has one, put nothing out of date."""
    for path in (restored.folder / "src").rglob("*.py"):
        path.write_text(path.read_text().replace('"""', '"""More. ', 1) + "\n# One more comment.\n")
    assert out_of_date() == set()


def test_a_pinned_version(restored: Checkout) -> None:
    """Another version of a package of others concerns the cells that load it, the server's processes included."""
    lock: Path = restored.folder / "envs/requirements.txt"
    text = lock.read_text()
    lock.write_text(text.replace("\naiohttp==", "\naiohttp==9"))
    planned = restored.plan()
    lock.write_text(text)
    assert planned == {"api: sequential at 1", *AFTER}


def test_a_module_that_is_gone(restored: Checkout) -> None:
    """A module that was loaded and is no longer there has its cells measured again, as its importers have changed."""
    path = restored.folder / "src/stac_ingest/strategies/worker_pool.py"
    path.rename(path.with_name("another.py"))
    planned = restored.plan()
    path.with_name("another.py").rename(path)
    assert planned == {"files: queue at 2", *AFTER}


def test_where_results_are_from_does_not_matter(wide: Checkout, tmp_path: Path) -> None:
    """Results that were copied to another checkout, without Snakemake's notes and with other times, stay valid."""
    folder = tmp_path / "elsewhere"
    for name in ("workflow", "src", "envs", "results"):
        shutil.copytree(wide.folder / name, folder / name, copy_function=shutil.copyfile)
    for name in ("Snakefile", "config.yaml"):
        shutil.copyfile(wide.folder / name, folder / name)
    assert replace(wide, folder=folder).plan() == set()


def test_what_is_recorded_says_which_code_it_was(wide: Checkout) -> None:
    """A cell names the modules of its own processes, its workers' and its server's, and no setting's."""
    found = {
        name: yaml.safe_load((wide.results / "cells" / f"{name}.json").read_text())["depends_on"]["modules"]
        for name in ("api/sequential-1", "shards/shards-2", "own/upstream-1")
    }
    assert "ingest_bench.simulator.item_store" in found["api/sequential-1"]
    assert "stac_ingest.sharding.ingest_shard" in found["shards/shards-2"]
    assert not [name for name in found["own/upstream-1"] if name.startswith("stac_ingest.strategies.")]
    for modules in found.values():
        assert {"ingest_bench.harness.worker", "ingest_bench.harness.measure"} <= modules.keys()
        assert (
            not {"ingest_bench.config.models", "ingest_bench.config.checks", "ingest_bench.config.matrix"}
            & modules.keys()
        )
