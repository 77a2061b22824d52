"""Files in and out of memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest_bench.system.page_cache import cached_share, corpus_files, evict, fill


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return a few files on the disk, one of them empty."""
    for name, size in (("b.json", 9000), ("sub/a.json", 100), ("empty.json", 0)):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    os.sync()
    return corpus_files(tmp_path / "corpus")


def test_every_file_is_listed_in_order(files: list[Path], tmp_path: Path) -> None:
    """All files of a folder are found, at any depth; a single file stands for itself."""
    assert [path.relative_to(tmp_path / "corpus").as_posix() for path in files] == [
        "b.json",
        "empty.json",
        "sub/a.json",
    ]
    assert corpus_files(files[0]) == [files[0]]


def test_files_are_evicted_and_filled(files: list[Path]) -> None:
    """After an eviction no page is in memory, after a fill all are, and the fill tells the bytes read."""
    evict(files)
    if cached_share(files):
        pytest.skip("this file system keeps files in memory")
    assert cached_share(files) == 0
    assert fill(files) == 9100
    assert cached_share(files) == 1


def test_files_without_pages_have_no_share(files: list[Path]) -> None:
    """Of empty files, or none, nothing can be said."""
    assert cached_share([path for path in files if path.stat().st_size == 0]) is None
    assert cached_share([]) is None
