"""What is planned after a change: exactly the cells that it concerns, and what is made from them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Checkout = Any
"""The class of that name in `conftest.py`."""
FILES = {"files: sequential at 1", "files: queue at 2"}
API = {"api: sequential at 1"}
WRITTEN = {"report", "advice", "receipt"}
MADE_FROM_CELLS = {"aggregate", *WRITTEN}

LEVELS = "scenarios.files.arms.queue.concurrency"
ARM = "scenarios.api.arms.sequential.settings"


def edit(path: Path, old: str, new: str) -> None:
    """Change a text, which is in there, in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_changed_nothing_runs(checkout: Checkout) -> None:
    """Right after a run the same command runs nothing, and touches no file."""
    before = {path: path.stat().st_mtime_ns for path in checkout.results.rglob("[!.]*.*")}
    assert "Nothing to be done" in checkout.snakemake("--cores", "8")
    assert {path: path.stat().st_mtime_ns for path in checkout.results.rglob("[!.]*.*")} == before


@pytest.mark.parametrize(
    ("path", "value", "planned"),
    [
        pytest.param(LEVELS, [2, 3], {"files: queue at 3", *MADE_FROM_CELLS}, id="a level added"),
        pytest.param(LEVELS, [4], {"files: queue at 4", *MADE_FROM_CELLS}, id="a level changed"),
        pytest.param(
            "corpora.files.items", 31, {"corpus files", *FILES, *MADE_FROM_CELLS}, id="a scenario's item count"
        ),
        pytest.param(ARM, {"limit": 11}, API | MADE_FROM_CELLS, id="an arm's setting"),
        pytest.param(
            "scenarios.api.server", {"think_ms": 2, "jitter_ms": 1}, API | MADE_FROM_CELLS, id="two settings swapped"
        ),
        pytest.param("scenarios.files.title", "Another", WRITTEN, id="a caption"),
    ],
)
def test_a_changed_setting(checkout: Checkout, path: str, value: Any, planned: set[str]) -> None:
    """A setting concerns its own cells, and a caption the report and the advice alone."""
    checkout.set(path, value)
    assert checkout.plan() == planned


def test_a_level_removed(checkout: Checkout) -> None:
    """A cell that is no longer asked for leaves the results, and no other is measured again."""
    config = checkout.config
    del config["scenarios"]["files"]["arms"]["queue"]
    checkout.configure(config)
    assert checkout.plan() == MADE_FROM_CELLS


@pytest.mark.parametrize("times_kept", [True, False])
def test_a_corpus_file_edited(checkout: Checkout, times_kept: bool) -> None:
    """A corpus of which a file holds something else is made again, with its cells, even where the size is the same."""
    path = next((checkout.results / "corpora/files").glob("*.json"))
    data, times = path.read_bytes(), path.stat().st_mtime_ns
    path.write_bytes(data.replace(b"1", b"2", 1) if not times_kept else data + b" ")
    if times_kept:
        os.utime(path, ns=(times, times))
    assert checkout.plan() == {"corpus files", *FILES, *MADE_FROM_CELLS}


@pytest.mark.parametrize("what", ["a file", "the folder", "the manifest"])
def test_a_corpus_or_a_part_of_it_deleted(checkout: Checkout, what: str) -> None:
    """A corpus that is gone, or not whole, is made again, with its cells."""
    folder = checkout.results / "corpora/files"
    if what == "a file":
        next(folder.glob("*.json")).unlink()
    elif what == "the folder":
        shutil.rmtree(folder)
    else:
        folder.with_name("files.manifest.json").unlink()
    assert checkout.plan() == {"corpus files", *FILES, *MADE_FROM_CELLS}


@pytest.mark.parametrize("how", ["deleted", "edited", "cut off"])
def test_a_cell_file_that_is_not_what_was_measured(checkout: Checkout, how: str) -> None:
    """A cell whose file is gone, holds another number or ends early is measured again, and no other is."""
    path = checkout.results / "cells/files/queue-2.json"
    if how == "deleted":
        path.unlink()
    elif how == "edited":
        edit(path, '"wall_s": 0.', '"wall_s": 9.')
    else:
        path.write_bytes(path.read_bytes()[:-200])
    assert checkout.plan() == {"files: queue at 2", *MADE_FROM_CELLS}


def test_comments_and_docstrings_everywhere(checkout: Checkout) -> None:
    """A comment in every source module, script, rule file and caption, and in the configuration, plans nothing."""
    commented = ("src/**/*.py", "workflow/scripts/*.py", "workflow/rules/*.smk", "Snakefile", "config.yaml")
    for pattern in (*commented, "workflow/report/*.rst"):
        found = list(checkout.folder.glob(pattern))
        assert found
        for path in found:
            path.write_text(f"{path.read_text()}\n# One more comment.\n")
    edit(checkout.folder / "src/stac_ingest/module.py", '"""', '"""Another docstring. ')
    assert checkout.plan() == set()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_touch_of_everything(checkout: Checkout, reverse: bool) -> None:
    """New times of all files, in whatever order, are no change."""
    for step, path in enumerate(sorted(checkout.folder.rglob("*"), reverse=reverse)):
        if ".snakemake" not in path.relative_to(checkout.folder).parts:
            moment = 1_900_000_000 + step
            os.utime(path, (moment, moment))
    assert checkout.plan() == set()


def test_a_fresh_clone_with_old_results(checkout: Checkout, empty: Callable[[], Checkout]) -> None:
    """Old results without Snakemake's notes and with new times are good; a change concerns what it always does."""
    clone = empty()
    shutil.copytree(checkout.results, clone.results, copy_function=shutil.copyfile)
    for path in clone.folder.rglob("workflow/scripts/*.py"):
        path.touch()
    assert clone.plan() == set()
    clone.set(ARM, {"limit": 11})
    assert clone.plan() == API | MADE_FROM_CELLS
    clone.set("scenarios.files.title", "Another")
    clone.set(ARM, checkout.config["scenarios"]["api"]["arms"]["sequential"]["settings"])
    assert clone.plan() == WRITTEN


def test_a_rebuilt_corpus_is_remembered(checkout: Checkout) -> None:
    """When a run ends after a corpus was made again, the next one still measures that corpus's cells."""
    shutil.rmtree(checkout.results / "corpora/files")
    checkout.snakemake("--cores", "2", "results/corpora/files.manifest.json")
    assert checkout.plan() == FILES | MADE_FROM_CELLS


def test_a_target_of_its_own_brings_no_other(checkout: Checkout) -> None:
    """Asked for one corpus, Snakemake plans that corpus and none of the cells that are out of date as well."""
    checkout.set("corpora.files.items", 31)
    assert checkout.plan("results/corpora/files.manifest.json") == {"corpus files"}
