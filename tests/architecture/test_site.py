"""The site of the documentation, and what a release has to agree on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
NOT_WRITTEN_BY_HAND = "run/"
"""Below docs/: what `make publish` keeps, which the site has as files."""


def test_every_page_is_in_the_navigation() -> None:
    """Each page of docs/ can be found from the site's navigation, and each entry there is a page."""
    navigation = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(named(navigation)) == sorted(page for page in pages if not page.startswith(NOT_WRITTEN_BY_HAND))


def test_the_version_is_one() -> None:
    """The package and its citation have the same version."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == package


def test_the_readme_is_short() -> None:
    """What stands beside the published results takes at most 80 lines."""
    text = re.sub(r"<!-- results.*?/results -->\n", "", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert len(text.splitlines()) <= 80


def named(navigation: Any) -> Iterator[str]:
    """Yield the pages that a part of the navigation names."""
    if isinstance(navigation, str):
        yield navigation
        return
    for entry in navigation.values() if isinstance(navigation, dict) else navigation:
        yield from named(entry)
