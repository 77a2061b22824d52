"""The workflow as a `module:` of another one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from snakemake_forks import run_snakemake

ROOT = Path(__file__).resolve().parents[2]
Checkout = Any
"""The class of that name in `conftest.py`."""
OTHER = """
configfile: "other.yaml"

rule published:
    input:
        "results/benchmark_report.md",
    output:
        "published.md",
    shell:
        "cp {input} {output}"

module bench:
    snakefile: "workflow/bench/Snakefile"
    config: config["bench"]

use rule * from bench as bench_*
"""

INGEST = f"""
module bench:
    snakefile: "{ROOT / "Snakefile"}"
    MORE
    config: {{"source": "items", "output": "tables", "shards": 2}}

use rule * from bench as bench_*

rule counted:
    default_target: True
    input:
        rules.bench_ingest.input,
    output:
        "counted.txt",
    shell:
        "ls tables/items | wc -l > {{output}}"
"""


def other_workflow(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run a workflow in a folder of its own that ingests with this one's rules."""
    (folder / "Snakefile").write_text(INGEST.replace("MORE", more))
    return run_snakemake(folder, "--cores", "2")


@pytest.mark.slow
def test_another_workflow_ingests(tmp_path: Path) -> None:
    """Without a matrix, from another folder and under other names: the rules ingest what the other's config says."""
    (tmp_path / "items").mkdir()
    for number in range(6):
        properties = {"datetime": "2024-01-01T00:00:00Z"}
        item = {"type": "Feature", "id": f"i{number}", "geometry": None, "properties": properties, "links": []}
        (tmp_path / f"items/{number}.json").write_text(json.dumps({**item, "assets": {}, "stac_version": "1.0.0"}))
    done = other_workflow(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "counted.txt").read_text().strip() == "2"
    assert json.loads((tmp_path / "tables/certificate.json").read_bytes())["items"] == 6
    (tmp_path / "items/5.json").touch()
    again = other_workflow(tmp_path)
    assert again.stderr.count(": Ingesting shard") == 1, again.stderr


def test_a_prefix_is_refused_in_words(tmp_path: Path) -> None:
    """What would put files where nothing looks for them is told before anything runs."""
    done = other_workflow(tmp_path, 'prefix: "sub"')
    assert done.returncode == 1
    assert "prefix: what is out of date is told from the files themselves" in done.stderr


@pytest.mark.slow
def test_another_workflow_uses_this_one(empty: Callable[[], Checkout]) -> None:
    """Another workflow, with targets and a configuration of its own, gets our report, and reruns what has changed."""
    checkout = empty()
    bench = checkout.folder / "workflow/bench"
    bench.mkdir()
    for name in ("workflow", "envs"):
        (bench / name).symlink_to(checkout.folder / name)
    (checkout.folder / "Snakefile").rename(bench / "Snakefile")
    (checkout.folder / "Snakefile").write_text(OTHER)
    config = checkout.config
    del config["scenarios"]["api"], config["corpora"]["api"]
    (checkout.folder / "config.yaml").unlink()

    def configure() -> None:
        (checkout.folder / "other.yaml").write_text(yaml.safe_dump({"bench": config}))

    configure()
    said = checkout.snakemake("--cores", "2")
    assert "rule published" in said
    assert (checkout.folder / "published.md").read_text().startswith("# STAC ingest benchmark")
    assert "Nothing to be done" in checkout.snakemake("--cores", "2", "--dry-run")
    config["scenarios"]["files"]["arms"]["queue"]["concurrency"] = [3]
    configure()
    said = checkout.snakemake("--cores", "2", "--dry-run")
    assert said.count(": Measuring ") == 1
    assert "Measuring files: queue at 3" in said
