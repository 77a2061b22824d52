"""The workflow on a real SLURM of two nodes, which `cluster.sh` brings up on this machine: `make test-slurm`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.results.models import Cell, Results
from stac_ingest.sharding.manifest import CollectionReport, ShardReport
from synced_files import Files
from synced_files import item as synced_item
from synced_output import held

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
CANNOT = 77
PATIENCE_S = 300
QUICK = ROOT / "workflow/quick.yaml"
QUICK_S = 1200
"""A cluster takes some seconds to start each of its 40 jobs."""
ITEMS = int(os.environ.get("TEST_ITEMS", "40000"))
PAIRS = int(os.environ.get("TEST_PAIRS", "1"))

pytestmark = pytest.mark.skipif("TEST_SLURM" not in os.environ, reason="`make test-slurm` runs these")

ARMS = {"sequential": arm(), "queue": arm(2, 3, settings=QUEUE)}
CONFIG = matrix(
    {"files": ("item_files", 30)},
    files=scenario(arms=ARMS),
    sampling={"budget_seconds": 0.001, "tracemalloc_items": 0},
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Bring the cluster up, and down again."""
    if find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed")
    folder = tmp_path_factory.mktemp("slurm")
    up = subprocess.run([CLUSTER, "up", folder], capture_output=True, text=True, check=False)
    if up.returncode == CANNOT:
        pytest.skip(up.stdout.strip())
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        yield folder
    finally:
        subprocess.run([CLUSTER, "down", folder], check=True)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the workflow with its SLURM profile, on a small matrix unless another is named."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    profile = ["--workflow-profile", str(ROOT / "workflow/profiles/slurm"), "--nocolor"]
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *profile, *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(run: subprocess.Popen[str], patience: float = PATIENCE_S) -> str:
    """Wait for a run's good end and return what it said."""
    said, _ = run.communicate(timeout=patience)
    assert run.returncode == 0, said[-4000:]
    return said


def read(folder: Path, results: str = "results") -> Results:
    """Read what was measured."""
    return Results.model_validate_json((folder / results / "benchmark_results.json").read_bytes())


def jobs(name: str) -> dict[str, str]:
    """List the running jobs whose comment, which is the rule's name with its wildcards, begins so; with their nodes."""
    command = ["squeue", "--noheader", "--states=R", "--format=%A|%N|%k"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.split("|") for line in lines]
    return {number: node for number, node, comment in found if comment.startswith(name)}


def until_running(name: str, run: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a job of a rule to run; return its number and its node."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := jobs(name)):
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return next(iter(found.items()))


def beside(one: Cell | ShardReport, other: Cell | ShardReport) -> bool:
    """Say whether two cells were measured, or two shards ingested, at the same time."""
    return one.started_at < other.ended_at and other.started_at < one.ended_at


def test_the_quick_matrix_on_two_nodes_that_measure_at_once(cluster: Path, tmp_path: Path) -> None:
    """With two slots two nodes measure at the same time, no node ever has two jobs at once, and all comes out right."""
    finish(start(tmp_path, "--configfile", str(QUICK), "--resources", "bench_slot=2"), QUICK_S)
    settings = load_settings(yaml.safe_load(QUICK.read_text()))
    results = read(tmp_path, settings.results)
    pairs = list(combinations(results.cells, 2))
    assert len(results.cells) == len(cells(settings))
    assert not [cell for cell in results.cells if not cell.parity.ok and not cell.known_defect]
    assert {cell.environment.host for cell in results.cells} == {"n1", "n2"}
    assert any(beside(one, other) for one, other in pairs)
    assert not [1 for one, other in pairs if beside(one, other) and one.environment.host == other.environment.host]
    assert {cell.attempt for cell in results.cells} == {1}
    for cell in results.cells:
        for job in results.jobs:
            assert job["host"] != cell.environment.host or job["ended_at"] <= cell.started_at


def test_a_cancelled_job_is_tried_again_and_says_so(cluster: Path, tmp_path: Path) -> None:
    """With one slot, cells are measured one by one; a cell whose job was cancelled is a second try."""
    run = start(tmp_path)
    number, _ = until_running("rule_measure", run)
    subprocess.run(["scancel", number], check=True)
    finish(run)
    found = read(tmp_path).cells
    assert sorted(cell.attempt for cell in found) == [1, 1, 2]
    assert not [1 for one, other in combinations(found, 2) if beside(one, other)]


def test_a_lost_node_and_a_lost_controller(cluster: Path, tmp_path: Path) -> None:
    """What ran on a node that died is tried again on the other; a controller that is away for a while is waited for."""
    run = start(tmp_path)
    _, node = until_running("rule_measure", run)
    subprocess.run([CLUSTER, "lose_node", cluster, node], check=True)
    subprocess.run([CLUSTER, "lose_controller", cluster], check=True)
    finish(run)
    found = read(tmp_path).cells
    assert len(found) == 3
    assert node not in {cell.environment.host for cell in found}
    subprocess.run([CLUSTER, "revive_node", cluster, node], check=True)


def test_snakemake_killed_and_started_again(cluster: Path, tmp_path: Path) -> None:
    """Jobs outlive a killed Snakemake; after the `--unlock` that its successor asks for, nothing is left out."""
    run = start(tmp_path)
    until_running("rule_measure", run)
    run.kill()
    run.communicate()
    again = start(tmp_path)
    said, _ = again.communicate(timeout=PATIENCE_S)
    assert again.returncode != 0
    assert "--unlock" in said
    subprocess.run(["scancel", "--user=root"], check=True)
    finish(start(tmp_path, "--unlock"))
    finish(start(tmp_path))
    assert len(read(tmp_path).cells) == 3
    shutil.rmtree(tmp_path / ".snakemake")
    assert "Nothing to be done" in finish(start(tmp_path, "--dry-run"))


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder of item files that takes two nodes some seconds."""
    folder = tmp_path_factory.mktemp("source")
    build("source", Corpus(kind="item_files", items=ITEMS, item_kb=5), 7, folder / "items", folder / "made.json", 2)
    return folder / "items"


def ingest(folder: Path, items: Path, *more: str) -> list[ShardReport]:
    """Ingest a folder in two shards, each with a node to itself; see that all came once, and return who did it when."""
    folder.mkdir()
    alone = ["--set-resources", f"ingest_shard:slurm_extra='{' '.join(['--exclusive', *more])}'"]
    finish(start(folder, "ingest", *alone, "--config", f"source={items}", "output=out", "shards=2"))
    whole = CollectionReport.model_validate_json((folder / "out/certificate.json").read_bytes())
    assert (whole.verdict, whole.items, whole.duplicates) == ("complete", ITEMS, 0)
    parts = sorted((folder / "out/items").iterdir())
    ids = [found for part in parts for found in pq.read_table(part, columns=["id"])["id"].to_pylist()]
    assert (len(parts), len(ids), len(set(ids))) == (2, ITEMS, ITEMS)
    paths = sorted((folder / "out/shards").glob("0*.json"))
    return [ShardReport.model_validate_json(path.read_bytes()) for path in paths]


def busy_s(shards: list[ShardReport]) -> float:
    """Sum the time of each node's shards and give the busiest one's: what a cluster takes to start jobs is left out."""
    nodes: dict[str, float] = {}
    for shard in shards:
        nodes[shard.host] = nodes.get(shard.host, 0) + shard.ended_at - shard.started_at
    return max(nodes.values())


def test_shards_of_an_ingest_share_two_nodes(cluster: Path, items: Path, tmp_path: Path) -> None:
    """One node ingests its shards one after another, two nodes theirs at once; both deliver each item once."""
    for pair in range(PAIRS):
        ways = {"one": ["--exclude=n2"], "two": []}
        order = sorted(ways, reverse=bool(pair % 2))
        found = {name: ingest(tmp_path / f"{name}{pair}", items, *ways[name]) for name in order}
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


def test_a_sync_by_jobs_of_two_nodes(cluster: Path, tmp_path: Path) -> None:
    """Jobs of all steps run on nodes, and what a killed Snakemake and its cancelled jobs have left is gone on with."""
    files = Files(tmp_path / "items")
    for number in range(16):
        files.write(f"{number:02d}.json", synced_item(f"i{number}", month=1 + number % 2))
    asked = ["ingest", "--config", "sync=true", "source=items", "output=out", "items_per_job=8"]
    finish(start(tmp_path, *asked))
    assert held(tmp_path / "out") == files.items()
    before = files.items()
    for number in range(0, 16, 2):
        files.write(f"{number:02d}.json", synced_item(f"i{number}", month=2, cloud=1))
    files.remove("01.json")
    run = start(tmp_path, *asked)
    until_running("rule_sync_read", run)
    run.kill()
    run.communicate()
    subprocess.run(["scancel", "--user=root"], check=True)
    assert held(tmp_path / "out") == before
    finish(start(tmp_path, *asked, "--unlock"))
    said = finish(start(tmp_path, *asked))
    assert "this goes on with the run that began at" in said
    assert held(tmp_path / "out") == files.items()
