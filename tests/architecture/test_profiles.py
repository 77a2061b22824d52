"""The profiles of the engines name what the workflow has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted((ROOT / "workflow" / "profiles").glob("*/config.yaml"))
RULES = {
    name
    for file in [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    for name in re.findall(r"^ *(?:rule|checkpoint) (\w+):", file.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_names_rules_that_there_are(profile: Path) -> None:
    """What a profile asks for a rule, such as a node of its own, is lost without a word where no rule has that name."""
    settings = yaml.safe_load(profile.read_text())
    named = {rule for key in ("set-resources", "set-threads", "groups") for rule in settings.get(key, {})}
    assert named <= RULES
    assert {"measure_cell", "add_pairs"} <= named
