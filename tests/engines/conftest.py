"""The engines, each brought up once for the tests of a file that want it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_kinds import ENGINES, Engine, Slurm, bring_up
from workflow_runs import build_corpora


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip them where nobody asked for them: they start daemons."""
    if "TEST_ENGINES" not in os.environ:
        for item in items:
            if item.path.parent.name == "engines":
                item.add_marker(pytest.mark.skip(reason="`make test-engines` runs these"))


@pytest.fixture(scope="module", params=ENGINES, ids=lambda kind: kind.name)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Bring each engine up in turn, and down again."""
    yield from _up(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the corpus of `CONFIG`, here."""
    folder = tmp_path_factory.mktemp("made")
    build_corpora(folder)
    return folder


@pytest.fixture
def due(made: Path, tmp_path: Path) -> Path:
    """Return a folder in which nothing but the cells of `CONFIG` is due."""
    return Path(shutil.copytree(made, tmp_path / "due", ignore=shutil.ignore_patterns(".snakemake", ".claim")))


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Bring a SLURM of two nodes up, and down again."""
    yield from _up(Slurm, tmp_path_factory)


def _up(kind: type[Engine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = bring_up(kind, tmp_path_factory.mktemp(kind.name))
    try:
        yield engine
    finally:
        engine.down()
