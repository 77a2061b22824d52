"""Copies of a checkout in which nothing has been made yet."""

from __future__ import annotations

import shutil
from pathlib import Path

_MADE = {"results", ".snakemake", ".cache", ".tmp"}


def copy_unmade(folder: Path, target: Path) -> None:
    """Copy a checkout without what was made in it; packages of its sources may have the same names."""
    shutil.copytree(folder, target, ignore=lambda inside, _: _MADE if Path(inside) == folder else set())
