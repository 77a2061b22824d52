"""What SLURM has beyond other engines: nodes that measure at once, nodes that are lost, job arrays."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import pytest
from engine_kinds import Slurm
from workflow_runs import (
    BRIEF,
    CELLS,
    CONFIG,
    beside,
    finish,
    ingest,
    measured_alone,
    measurements,
    read,
    start,
    until_running,
)

from factories import arm, matrix, scenario
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from stac_ingest.sharding.manifest import ShardReport

ITEMS = int(os.environ.get("TEST_ITEMS", "60000"))
PAIRS = int(os.environ.get("TEST_PAIRS", "1"))
UNHURRIED = {"think_ms": 500}
"""A pair takes longer than a cluster needs to start another job, whatever else the machine does."""
TWO_CORPORA = matrix(
    {"pages": ("api", 100), "more": ("api", 5_000)},
    pages=scenario("pages", {"first": arm(), "second": arm()}, server=UNHURRIED),
    more=scenario("more", {"nothing": arm(fetcher="read_only", settings={"limit": 1_000})}, server=UNHURRIED),
    sampling=BRIEF,
    budget_minutes=30,
)
"""Some cells are due before the last corpus is built."""


def test_two_nodes_measure_at_once(slurm: Slurm, tmp_path: Path) -> None:
    """With two slots two nodes measure side by side, in both passes, and no node ever has two jobs at once."""
    finish(start(slurm, tmp_path, TWO_CORPORA, "--resources", "bench_slot=2"))
    results, found = read(tmp_path), measurements(tmp_path)
    assert {cell.speedup.pairs for cell in results.cells if cell.speedup} == {3}
    assert all(cell.parity.ok and cell.attempt == 1 and cell.added for cell in results.cells)
    assert len(results.cells) == 3
    assert {cell.environment.host for cell in found} == {"n1", "n2"}
    for part in ("cells", "pairs"):
        assert any(beside(one, other) for one, other in combinations(measurements(tmp_path, part), 2))
    assert measured_alone(tmp_path)
    assert (tmp_path / "results/benchmark_report.html").exists()


@pytest.mark.slow
def test_a_lost_node_and_a_lost_controller(slurm: Slurm, due: Path) -> None:
    """What ran on a node that died is tried again on the other; a controller that is away for a while is waited for."""
    run = start(slurm, due, CONFIG, *CELLS)
    _, node = until_running(slurm, "measure_cell", run)
    slurm.do("lose_node", node)
    slurm.lose_controller()
    finish(run)
    slurm.do("revive_node", node)
    found = measurements(due)
    assert len(found) == 2
    assert node not in {cell.environment.host for cell in found}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder of item files that takes two nodes some seconds."""
    folder = tmp_path_factory.mktemp("source")
    build("source", Corpus(kind="item_files", items=ITEMS, item_kb=5), 7, folder / "items", folder / "made.json", 2)
    return folder / "items"


def in_shards(slurm: Slurm, folder: Path, items: Path, *more: str) -> list[ShardReport]:
    """Ingest a folder in two shards, the jobs of one array, each with a node to itself."""
    alone = ["--set-resources", f"ingest_shard:slurm_extra='{' '.join(['--exclusive', *more])}'"]
    return ingest(slurm, folder, items, ITEMS, "--slurm-array-jobs", "ingest_shard", *alone)


def busy_s(shards: list[ShardReport]) -> float:
    """Sum the time of each node's shards and give the busiest one's: what a cluster takes to start jobs is left out."""
    nodes: dict[str, float] = {}
    for shard in shards:
        nodes[shard.host] = nodes.get(shard.host, 0) + shard.ended_at - shard.started_at
    return max(nodes.values())


def test_shards_of_an_ingest_share_two_nodes(slurm: Slurm, items: Path, tmp_path: Path) -> None:
    """One node ingests its shards one after another, two nodes theirs at once; both deliver each item once."""
    for pair in range(PAIRS):
        ways = {"one": ["--exclude=n2"], "two": []}
        order = sorted(ways, reverse=bool(pair % 2))
        found = {name: in_shards(slurm, tmp_path / f"{name}{pair}", items, *ways[name]) for name in order}
        one, two = found["one"], found["two"]
        assert [shard.host for shard in one] == ["n1", "n1"]
        assert not beside(*one)
        assert {shard.host for shard in two} == {"n1", "n2"}
        assert beside(*two)
        span = max(shard.ended_at for shard in two) - min(shard.started_at for shard in two)
        print(  # noqa: T201 - a figure
            f"{ITEMS} files in 2 shards: {busy_s(one):.1f} s on one node, {busy_s(two):.1f} s on two, "
            f"{busy_s(one) / busy_s(two):.2f}x; {busy_s(one) / span:.2f}x from the first start to the last end"
        )
