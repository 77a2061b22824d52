"""The jobs of `snakemake ingest` as processes: what they load, and what they leave when they fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sharding_items import item

from stac_ingest.sharding import Plan, ShardedIngest, finalize_ingest, plan_ingest, run_shard

JOB = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from ingest_bench.workflow.ingest_job import main
main(sys.argv[1:])
"""
HEAVY = {"aiohttp", "numpy", "pandas", "psutil", "pyarrow", "pydantic", "snakemake"}


def run_job(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Run a job as a process; return what it printed on standard output, and on standard error."""
    ended = subprocess.run(
        [sys.executable, "-c", JOB, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout, ended.stderr


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Plan an ingest of one shard."""
    (tmp_path / "items").mkdir()
    for number in range(3):
        (tmp_path / f"items/{number}.json").write_text(json.dumps(item(number)))
    return plan_ingest(ShardedIngest.parse({"source": str(tmp_path / "items"), "output": str(tmp_path / "out")}))


def test_jobs_load_neither_snakemake_nor_pandas(plan: Plan, tmp_path: Path) -> None:
    """A shard loads Arrow and the models of its records, the end these models alone; the verdict loads none of it."""
    path = plan.settings.state_folder / "plan.json"
    _, loaded = run_job("shard", tmp_path / "shard.log", path, "00000")
    assert HEAVY & {*loaded.split()} == {"numpy", "pyarrow", "pydantic"}
    _, loaded = run_job("end", tmp_path / "end.log", path)
    assert HEAVY & {*loaded.split()} == {"pydantic"}
    assert not {
        name for name in loaded.split() if name.startswith(("asyncio", "stac_ingest.outputs", "stac_ingest.pipeline"))
    }
    said, loaded = run_job("verdict", tmp_path / "verdict.log", tmp_path / "out/certificate.json")
    assert said == f"complete: all 3 items came ({tmp_path}/out/certificate.json)\n"
    assert not HEAVY & {*loaded.split()}


def test_a_job_that_fails_says_why_on_the_terminal_and_in_its_log(plan: Plan, tmp_path: Path) -> None:
    """One line on the terminal, the same in the log, and the exit code of a failure; so does an incomplete ingest."""
    path, log = plan.settings.state_folder / "plan.json", tmp_path / "logs/shard.log"
    (tmp_path / "items/0.json").write_text("{")
    _, said = run_job("shard", log, path, "0", code=1)
    assert "has changed since it was planned; start the ingest again" in said.splitlines()[0]
    assert log.read_text() == said.splitlines()[0] + "\n"
    broken = plan_ingest(plan.settings)
    run_shard(broken, 0)
    finalize_ingest(broken)
    _, said = run_job("verdict", log, tmp_path / "out/certificate.json", code=1)
    assert said.startswith("truncated: 2 items came, and 1 could not be used")
