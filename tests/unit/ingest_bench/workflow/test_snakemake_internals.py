"""What the workflow takes from Snakemake beside what its documentation promises is there, and does what it is for."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from ingest_bench.workflow.snakemake_internals import LOCKS, TESTED
from snakemake_forks import run_snakemake

SNAKEFILE = """
from snakemake.logging import logger
from ingest_bench.workflow.snakemake_internals import SnakemakeRun

run = SnakemakeRun(workflow, logger)
run.limit("slot", 1)
assert run.standalone and not run.prefixed
print("slots", workflow.global_resources["slot"], "cores", run.cores, "plans", run.plans)

def inputs(wildcards):
    if run.plans:
        print("begun", run.begin("results"), "executes", run.executes)
        if config.get("unrecorded"):
            run.keep_no_records()
        if config.get("stale"):
            run.force("results/made", "its reason")
    return []

rule make:
    default_target: True
    input: inputs
    output: "results/made"
    resources: slot=1
    shell: "touch {output}"
"""


@pytest.fixture
def snakemake(tmp_path: Path):
    """Return a function that runs Snakemake on the workflow above and returns what it says."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)

    def run(*arguments: str) -> str:
        done = run_snakemake(tmp_path, "--cores", "2", "--snakefile", "Snakefile", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


def test_the_installed_version_was_looked_through() -> None:
    """Whoever brings in another series of Snakemake is sent to the tests below, and changes `TESTED` after them."""
    assert version("snakemake").startswith(f"{TESTED}.")


def test_a_plan_can_be_steered(snakemake, tmp_path: Path) -> None:
    """What is there isn't made again unless that is forced, which says why; limits and cores are read."""
    assert 'slots Resource("slot", 1) cores 2 plans True' in snakemake()
    made = tmp_path / "results" / "made"
    os.utime(tmp_path / "Snakefile")
    assert "Nothing to be done" in snakemake()
    first = made.stat().st_mtime_ns
    assert "results/made: its reason" in snakemake("--config", "stale=1")
    assert made.stat().st_mtime_ns > first


def test_only_a_run_that_starts_jobs_has_begun(snakemake) -> None:
    """A dry run, and one that touches files, are told not to make anything while the plan is made."""
    assert "begun True" in snakemake()
    assert "begun False" in snakemake("--dry-run")
    assert "begun False" in snakemake("--touch")


def test_what_a_killed_run_left_is_no_obstacle(snakemake, tmp_path: Path) -> None:
    """A lock that a killed run left doesn't stop the next one, which says that it freed a lock."""
    snakemake()
    lock = tmp_path / LOCKS / "0.output.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("results/made\n")
    assert "freed what a run that was killed had locked" in snakemake("--config", "stale=1")
    assert not lock.exists()


def test_no_records_are_kept_where_none_are_wanted(snakemake, tmp_path: Path) -> None:
    """Snakemake notes what a job has made, but where it is told not to; and a dry run is known for one."""
    assert "executes False" in snakemake("--dry-run")
    assert "executes True" in snakemake("--config", "unrecorded=1")
    assert not list((tmp_path / ".snakemake/metadata").glob("*"))
    (tmp_path / "results/made").unlink()
    snakemake()
    assert list((tmp_path / ".snakemake/metadata").glob("*"))
