"""Whether a corpus is still the one that its manifest describes, and a cell's file the one that was written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.config.models import Corpus
from ingest_bench.corpora import check
from ingest_bench.corpora.builder import build
from ingest_bench.corpora.inventory import Manifest, files_below, inventory, stat_entry, write_manifest
from ingest_bench.results.checksum import checksum_of, with_checksum
from ingest_bench.workflow.snakemake_internals import RunLock
from ingest_bench.workflow.staleness import corpus_unchanged, remember


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Path, Path]:
    """Make a corpus and return its folder and its manifest."""
    folder, manifest = tmp_path / "files", tmp_path / "files.manifest.json"
    build("files", Corpus(kind="item_files", items=8), 3, folder, manifest, 1)
    return folder, manifest


def test_only_new_times_have_every_byte_read(corpus: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that looks as before isn't read; one with new times is, once, and is known from then on."""
    reads: list[Any] = []
    verify = check.verify
    monkeypatch.setattr(check, "verify", lambda *paths: reads.append(paths) or verify(*paths))
    remember(*corpus)
    assert corpus_unchanged(*corpus)
    assert reads == []
    for path in corpus[0].iterdir():
        os.utime(path, (1, 1))
    assert corpus_unchanged(*corpus)
    assert corpus_unchanged(*corpus)
    assert len(reads) == 1


@pytest.mark.parametrize("change", ["edited", "removed", "added", "renamed", "manifest"])
def test_any_change_is_noticed(corpus: tuple[Path, Path], change: str) -> None:
    """A file that is edited, gone, new or renamed, and another manifest, are not what was built."""
    remember(*corpus)
    path = next(corpus[0].glob("*.json"))
    if change == "edited":
        path.write_bytes(path.read_bytes()[::-1])
    elif change == "removed":
        path.unlink()
    elif change == "added":
        (corpus[0] / "more.json").write_text("{}")
    elif change == "renamed":
        path.rename(path.with_name("another.json"))
    else:
        text = corpus[1].read_text()
        corpus[1].write_text(text.replace('"sha256": "', '"sha256": "0', 1))
    assert not corpus_unchanged(*corpus)
    assert not corpus_unchanged(*corpus)


def test_a_change_behind_a_link_is_noticed(tmp_path: Path) -> None:
    """A corpus of links is another one once a file that they lead to is rewritten; a link to nowhere is no fault."""
    folder, manifest, target = tmp_path / "part", tmp_path / "part.manifest.json", tmp_path / "large.json"
    folder.mkdir()
    target.write_text("{}")
    (folder / "a.json").symlink_to(target)
    (folder / "b.json").symlink_to(tmp_path / "nowhere")
    entries = [stat_entry(*file) for file in files_below(folder)]
    made = Manifest(kind="item_files", items=1, reference=None, fingerprint="stat", **inventory(entries))
    write_manifest(made, manifest)
    remember(folder, manifest)
    assert corpus_unchanged(folder, manifest)
    target.write_text('{"more": 1}')
    assert not corpus_unchanged(folder, manifest)


def test_a_relative_folder_is_looked_through(corpus: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus named by a relative path, as the workflow does, is found file by file."""
    monkeypatch.chdir(corpus[0].parent)
    assert corpus_unchanged(Path("files"), Path("files.manifest.json"))


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers(), min_size=1), st.data())
def test_a_checksum_breaks_with_any_byte(content: dict[str, Any], data: st.DataObject) -> None:
    """A checksum is one more key of the JSON; with any byte changed or the end cut off it doesn't hold."""
    whole = with_checksum(json.dumps(content, indent=1))
    assert json.loads(whole) == {**content, "seal": checksum_of(whole)} or "seal" in content
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert checksum_of(bytes(changed)) is None
    assert checksum_of(whole[:place]) is None


LOCK = "results/cells/a/b-1.json\n"


def test_only_left_over_locks_of_these_results_are_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another run holds the results, or where other files are locked as well, locks stay as they are."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "locks"
    folder.mkdir()
    lock = folder / "0.output.lock"
    lock.write_text(LOCK)
    holder = RunLock(Path("results"), local=True)
    assert not RunLock(Path("results"), local=True).held
    assert not RunLock(Path("results"), local=True).clear_stale_locks(folder)
    lock.write_text(f"{LOCK}elsewhere/file\n")
    assert not holder.clear_stale_locks(folder)
    lock.write_text(LOCK)
    assert holder.clear_stale_locks(folder)
    assert not list(folder.iterdir())


def test_locks_of_a_cluster_run_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs on a cluster outlive the run that submitted them, so its locks are the user's to remove."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / "0.output.lock").write_text(LOCK)
    first = RunLock(Path("results"), local=False)
    os.close(first._descriptor)
    assert not RunLock(Path("results"), local=True).clear_stale_locks(folder)
