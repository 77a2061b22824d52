"""`snakemake --logger bench-progress`, with Snakemake itself."""

from __future__ import annotations

import re
from pathlib import Path

from snakemake_forks import run_snakemake

SNAKEFILE = """
rule all:
    input: "b.txt"
rule a:
    output: "a.txt"
    message: "Making a"
    shell: "echo > {output}"
rule b:
    input: "a.txt"
    output: "b.txt"
    message: "Making b"
    shell: "%s"
"""


def test_a_run_is_told_in_a_line_a_job(tmp_path: Path) -> None:
    """Snakemake finds the plugin, and a run says how far it is in place of a paragraph for each job."""
    said, code = run(tmp_path, "echo > {output}")
    lines = [re.sub(r"\d+ s.*", "", line) for line in said.splitlines()]
    assert code == 0
    assert lines[:3] == ["3 jobs to do", "1 of 3: making a, ", "2 of 3: making b, "]
    assert "rule b:" not in said


def test_a_failed_job_names_its_rule_and_command(tmp_path: Path) -> None:
    """A failure is told with the rule and its command, and the exit code is Snakemake's."""
    said, code = run(tmp_path, "exit 3")
    assert code == 1
    assert "Error in rule b" in said
    assert "exit 3" in said


def test_a_dry_run_is_told_in_full(tmp_path: Path) -> None:
    """A dry run has all that Snakemake says of it."""
    said, code = run(tmp_path, "echo > {output}", "--dry-run")
    assert code == 0
    assert "Reason: Missing output files: b.txt" in said


def run(folder: Path, command: str, *options: str) -> tuple[str, int]:
    """Run Snakemake in a folder; return what it says, and its exit code."""
    (folder / "Snakefile").write_text(SNAKEFILE % command)
    done = run_snakemake(folder, "--logger", "bench-progress", "--cores", "1", *options)
    return done.stderr, done.returncode
