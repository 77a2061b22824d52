"""The tutorial, typed as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ingest_bench.config.matrix import cells, load_settings

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the tutorial's collection."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "make_items.py").write_text(blocks()["make_items.py"])
    subprocess.run([sys.executable, "make_items.py"], cwd=folder, check=True)
    return folder


def test_what_the_tutorial_promises_comes(folder: Path) -> None:
    """Each command of the tutorial's first four steps ends well, and says what the page says."""
    said = [typed(line, folder) for line in commands() if line.startswith("stac-ingest") and "--config" not in line]
    assert "complete: all 5,000 items came" in said[0]
    assert "15 items" in said[1]
    assert "nothing differs: both have the same 5,000 items" in said[2]
    text = PAGE.read_text()
    assert all(words in text for words in ("complete: all 5,000 items came", "15 items come", "the same 5,000 items"))


def test_the_tutorials_matrix_has_five_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration that the tutorial measures by is sound, and plans as many cells as the page says."""
    monkeypatch.chdir(folder)
    assert len(list(cells(load_settings(yaml.safe_load(blocks()["mine.yaml"]))))) == 5
    assert "measures five settings" in PAGE.read_text()


def typed(line: str, folder: Path) -> str:
    """Type a command in the folder; return what it says."""
    command = [sys.executable, "-m", "stac_ingest", *line.split()[1:]]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def commands() -> list[str]:
    """Return what the page has to type: the blocks without a language."""
    return [line for language, block in fenced() if not language for line in block.splitlines()]


def blocks() -> dict[str, str]:
    """Return the page's files by their names."""
    return {language.partition('"')[2].rstrip('"'): block for language, block in fenced() if language}


def fenced() -> list[tuple[str, str]]:
    """Return the page's blocks of code: what stands beside the first mark, and the text."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
