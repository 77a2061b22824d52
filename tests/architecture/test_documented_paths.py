"""What the pages for contributors name is there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`((?:src|tests|docs|workflow|envs)/[\w./-]*)`")
LINKED = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")
MODULE = re.compile(r"`((?:ingest_bench|stac_ingest)(?:\.\w+)+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_pages_name_exist(page: Path) -> None:
    """A path below the project's own folders, and what a link leads to, is a file or a folder."""
    text = page.read_text()
    missing = [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in LINKED.findall(text) if not (page.parent / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_pages_name_exist(page: Path) -> None:
    """A module of either package that a page names can be imported, or is a name in one that can."""
    assert [name for name in MODULE.findall(page.read_text()) if not _is_there(name)] == []


def _is_there(name: str) -> bool:
    try:
        if find_spec(name):
            return True
    except ModuleNotFoundError:
        pass
    module, _, member = name.rpartition(".")
    spec = find_spec(module)
    return (
        spec is not None
        and spec.origin is not None
        and re.search(rf"\b{member}\b", Path(spec.origin).read_text()) is not None
    )
