"""The field's tools, as `make run` and `make long` measure them: what each delivers of a small corpus."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import build_corpus
from ingest_bench.harness.measure import measure

ROOT = Path(__file__).parents[2]
COUNT = 400
"""Of which a search finds some."""
FILES = {"short": ROOT / "config.yaml", "long": ROOT / "workflow" / "long.yaml"}


def scenarios() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the configuration, name and block of each scenario of commands that other tools are in."""
    for short, path in FILES.items():
        for name, block in yaml.safe_load(path.read_text())["scenarios"].items():
            if block["group"] == "commands" and len(block["arms"]) > 1:
                yield short, name, block


def matrix(results: Path) -> dict[str, Any]:
    """Return all these scenarios, of few items and few pairs."""
    corpora: dict[str, Any] = {}
    for path in FILES.values():
        corpora |= yaml.safe_load(path.read_text())["corpora"]
    few = {"pairs": {"min": 3, "max": 3}, "budget_seconds": 0.01, "tracemalloc_items": 0}
    blocks = {f"{short}_{name}": {**block, "sampling": few} for short, name, block in scenarios()}
    used = {block["corpus"] for block in blocks.values()}
    kept = {name: {**corpora[name], "items": COUNT} for name in used}
    for corpus in kept.values():
        if "files" in corpus:
            corpus["files"] = 1
    return {"results": str(results), "corpora": kept, "scenarios": blocks}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the scenarios, with their corpora."""
    if "TEST_TOOLS" not in os.environ:
        pytest.skip("`make test-tools` runs this")
    made = load_settings(matrix(tmp_path_factory.mktemp("tools") / "results"))
    for name in made.corpora:
        build_corpus(made, name, made.corpus_folder(name), made.manifest_file(name))
    return made


@pytest.mark.parametrize(
    ("scenario", "arm"),
    [
        (f"{short}_{name}", arm)
        for short, name, block in scenarios()
        for arm in block["arms"]
        if arm != block["baseline"]["arm"]
    ],
)
def test_what_a_tool_delivers_is_the_corpus_or_a_deviation_that_is_known(
    settings: Settings, scenario: str, arm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each arm of another tool ends well; what it delivers is right, or differs as its `known_defect` says."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cell = measure(settings, find_cell(settings, scenario, arm, 1))
    if cell.unavailable:
        pytest.skip(cell.unavailable)
    assert [sample.invalid for sample in cell.samples if sample.role == "candidate" and sample.invalid] == []
    assert cell.parity.ok or (cell.known_defect and "content differs" in (cell.parity.reason or "")), cell.parity.reason
