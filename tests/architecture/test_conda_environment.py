"""The environment of `--sdm conda`: what it holds is what `make` installs."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ENVS = Path(__file__).resolve().parents[2] / "envs"
BESIDE = {"python", "pip"}
OTHER_NAMES = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


def test_it_holds_the_packages_that_make_installs_in_their_versions() -> None:
    """Every package of `requirements.in` is there, no other is, and a version that is given is the pinned one."""
    wanted = (ENVS / "requirements.in").read_text().splitlines()
    names = {re.split(r"[\[<>=]", line)[0] for line in wanted if not line.startswith("#")}
    pinned = dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", (ENVS / "requirements.txt").read_text(), re.MULTILINE))
    listed = yaml.safe_load((ENVS / "ingest-bench.yaml").read_text())["dependencies"]
    given = {OTHER_NAMES.get(name, name): version for name, _, version in (each.partition(" ") for each in listed)}
    assert set(given) - BESIDE == names
    exact = {name: version[1:] for name, version in given.items() if version.startswith("=")}
    assert {name: pinned.get(name) for name in exact if name not in BESIDE} == {
        name: version for name, version in exact.items() if name not in BESIDE
    }
