"""The GitHub workflow that compares a pull request with its base: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ingest_bench.analysis.counters import COUNTERS
from ingest_bench.builds.compare import find_case
from ingest_bench.config.matrix import load_settings

ROOT = Path(__file__).parents[4]
JOB = yaml.safe_load((ROOT / ".github/workflows/compare.yml").read_text())["jobs"]["compare"]


def test_its_cells_are_cells_of_its_configuration() -> None:
    """Each cell and command that it measures can be found in the configuration that it names."""
    settings = load_settings(ROOT / JOB["env"]["CONFIG"])
    names = JOB["env"]["CELLS"].split()
    assert len([cell for name in names if (cell := find_case(settings, name))]) == 6
    assert len(names) == 9


def test_it_lets_every_counter_be_accepted_and_nothing_else_into_the_command() -> None:
    """Of a description that anyone may write, the names of counters alone get into the command line."""
    (measure,) = (step for step in JOB["steps"] if step.get("name") == "Measure")
    (accepted,) = re.findall(r"\\b\(([a-z_|]+)\)\\b", measure["run"])
    assert set(accepted.split("|")) == COUNTERS.keys()
    assert not [step for step in JOB["steps"] if "${{" in step.get("run", "")]
