"""Which source files a kind of cell uses, kept complete by watching what samples really run."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ingest_bench.arms.base import ArmSpec
from ingest_bench.code_digest import (
    BUILDERS,
    OUTPUTS,
    ROOTS,
    CodeUse,
    behaviour,
    code_files,
    description_digest,
    generator_digest,
)
from ingest_bench.corpora import build_corpus
from ingest_bench.identity import code_use
from ingest_bench.matrix import find_cell, load_settings
from ingest_bench.sample_process import timed
from ingest_bench.sample_spec import SampleSpec
from ingest_bench.sampling import measure

MATRIX: dict[str, Any] = {
    "sampling": {"budget_seconds": 0.001, "trace_items": 0},
    "corpora": {
        "item_files": {"kind": "item_files", "items": 70},
        "items_directory": {"kind": "items_directory", "items": 30, "broken": 0.1},
        "geoparquet": {"kind": "geoparquet", "items": 30, "files": 2},
    },
    "scenarios": {
        "small": {
            "title": "Small",
            "group": "small",
            "corpus": "item_files",
            "baseline": {"arm": "upstream"},
            "arms": {
                "upstream": {"fetcher": "upstream", "concurrency": [1]},
                "queue": {"concurrency": [5], "settings": {"worker_strategy": "queue"}},
            },
        },
    },
}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = 1", "x = 1  # why", True),
        ("def f():\n    return 1", 'def f():\n    """Say one."""\n\n    return 1', True),
        ("class A:\n    x: int", 'class A:\n    x: int\n    """A number."""', True),
        ("x = (1,\n     2)", "x = (1, 2)", True),
        ("x = 1", "x = 2", False),
        ("x = 'a'", "x = 'b'", False),
        ("def f():\n    return 1", "async def f():\n    return 1", False),
    ],
)
def test_only_what_code_does_counts(before: str, after: str, same: bool) -> None:
    """Comments, docstrings and layout leave the hashed form as it was; anything else changes it."""
    assert (behaviour(before) == behaviour(after)) is same


def test_a_missing_source_file_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that cells depend on and that is not there is never hashed as nothing."""
    monkeypatch.setitem(ROOTS, "stac_ingest", tmp_path)
    code_files.cache_clear()
    with pytest.raises(FileNotFoundError, match="no such source file"):
        code_files(CodeUse("ingest", "item_files"))
    code_files.cache_clear()


@pytest.mark.parametrize(
    ("changed_file", "use", "concerned"),
    [
        ("stac_ingest/strategies/queue.py", CodeUse("ingest", "item_files", "queue"), True),
        ("stac_ingest/strategies/queue.py", CodeUse("ingest", "item_files", "sequential"), False),
        ("stac_ingest/strategies/queue.py", CodeUse("ingest", "api", "time_chunks"), True),
        ("stac_ingest/strategies/queue.py", CodeUse("upstream", "item_files"), False),
        ("stac_ingest/sources/json_directory.py", CodeUse("ingest", "items_directory"), True),
        ("stac_ingest/sources/json_directory.py", CodeUse("ingest", "geoparquet"), False),
        ("stac_ingest/sources/json_directory.py", CodeUse("aiofiles", "item_files"), False),
        ("stac_ingest/outputs/ndjson.py", CodeUse("ingest", "item_files", output="ndjson"), True),
        ("stac_ingest/outputs/ndjson.py", CodeUse("ingest", "item_files", output="items"), False),
        ("ingest_bench/simulator/store.py", CodeUse("pystac_client", "api"), True),
        ("ingest_bench/simulator/store.py", CodeUse("pystac_client", "api", remote=True), False),
        ("ingest_bench/statistics.py", CodeUse("upstream", "item_files"), True),
        ("ingest_bench/schemas.py", CodeUse("ingest", "item_files"), False),
    ],
)
def test_changed_code_concerns_the_cells_that_use_it(changed_file: str, use: CodeUse, concerned: bool) -> None:
    """A file is among those of a cell exactly when that kind of cell runs it."""
    package, _, inside = changed_file.partition("/")
    assert (ROOTS[package] / inside).is_file()
    assert (ROOTS[package] / inside in code_files(use)) is concerned


def called(run: Callable[[], Any]) -> set[Path]:
    """Return the source files of both packages of which functions are called."""
    seen: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            seen.add(frame.f_code.co_filename)

    run()  # so that what runs at import isn't seen
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return {Path(name) for name in seen if any(Path(name).is_relative_to(root) for root in ROOTS.values())}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every corpus that is made of files."""
    folder = tmp_path_factory.mktemp("results")
    settings = load_settings(MATRIX).model_copy(update={"results": str(folder)})
    for name in settings.corpora:
        build_corpus(settings, name, folder / "corpora" / name, folder / "corpora" / f"{name}.manifest.json")
    return folder


FILES = ("item_files", "items_directory")
USES = [
    *(CodeUse("ingest", kind, way) for kind in (*FILES, "geoparquet") for way in ("sequential", "semaphore", "queue")),
    *(CodeUse(fetcher, kind) for fetcher in ("upstream", "aiofiles", "process_pool") for kind in FILES),
    CodeUse("upstream", "geoparquet"),
    *(CodeUse(fetcher, "item_files", output=output) for fetcher in ("ingest", "upstream") for output in OUTPUTS),
]


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.fetcher}-{use.kind}-{use.strategy}-{use.output}")
def test_every_function_that_a_sample_calls_is_hashed(use: CodeUse, corpora: Path, tmp_path: Path) -> None:
    """Whatever a sample runs is among the files that its cell's identity hashes."""
    concurrent = use.strategy != "sequential"
    arm = ArmSpec(
        fetcher=use.fetcher,
        layout=use.kind,
        source=str(corpora / "corpora" / use.kind),
        concurrency=4 if concurrent else 1,
        settings={"worker_strategy": use.strategy} if concurrent else {},
    )
    spec = SampleSpec(arm, 3, os.getppid(), evict=arm.source, output=use.output)
    ran = called(lambda: timed(replace(spec, scratch=tempfile.mkdtemp(dir=tmp_path))))
    assert ROOTS["ingest_bench"] / "sample_process.py" in ran
    assert ran - set(code_files(use)) == set()


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_function_that_builds_a_corpus_is_hashed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever generates a corpus changes that corpus's digest when its code changes."""
    settings = load_settings({**MATRIX, "corpora": {**MATRIX["corpora"], "api": {"kind": "api", "items": 30}}})
    ran = called(lambda: build_corpus(settings, kind, tmp_path / kind, tmp_path / "manifest.json"))
    hashed: list[Path] = []
    monkeypatch.setattr("ingest_bench.code_digest._digest", hashed.extend)
    generator_digest.__wrapped__(kind)
    assert ROOTS["ingest_bench"] / "corpora" / f"{kind}.py" in ran
    assert {path.stem for path in ran - set(hashed)} <= {"settings", "matrix", "corpus_kinds"}


def test_digests_tell_kinds_apart() -> None:
    """Generators of different kinds, and looking at one's own corpus, have digests of their own."""
    kinds = ("item_files", "items_directory", "api")
    assert len({generator_digest(kind) for kind in kinds} | {description_digest("item_files")}) == 4


DECIDED_BEFORE = {
    "matrix",
    "settings",
    "corpus_kinds",
    "identity",
    "code_digest",
    "environment",
    "jobs",
    "errors",
    "manifest",
}
"""Modules that a driver runs and that decide nothing about a result that isn't in the identity already."""


def test_every_function_that_a_driver_calls_is_hashed(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever decides about pairs, validity and the speed-up is among the hashed files."""
    monkeypatch.setattr(tempfile, "tempdir", str(corpora))  # a host lock of its own
    settings = load_settings(MATRIX).model_copy(update={"results": str(corpora)})
    spec = find_cell(settings, "small", "queue", 5)
    ran = called(lambda: measure(settings, spec))
    hashed = set(code_files(code_use(settings, spec, "candidate"))) | set(
        code_files(code_use(settings, spec, "baseline"))
    )
    assert {path.stem for path in ran - hashed} <= DECIDED_BEFORE
