"""The workflow as a `module:` of another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

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
