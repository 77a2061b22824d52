"""Corpora that are the user's own: described, never touched."""

from __future__ import annotations

import os
import shutil

import pytest

from factories import matrix, scenario
from ingest_bench.config.models import Corpus, Settings
from ingest_bench.corpora.builder import build
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.inventory import read_manifest
from ingest_bench.corpora.user_data import describe_corpus
from ingest_bench.errors import SettingsError
from ingest_bench.results.digest import matches
from stac_ingest.errors import IngestError

SEED = 5


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Build a corpus of each kind of files; give its folder and its manifest."""
    root = tmp_path_factory.mktemp("generated")
    corpora = {
        "item_files": Corpus(kind="item_files", items=70),
        "items_directory": Corpus(kind="items_directory", items=40, corrupt_share=0.25),
        "geoparquet": Corpus(kind="geoparquet", items=60, files=2),
    }
    for kind, corpus in corpora.items():
        build(kind, corpus, SEED, root / kind, root / f"{kind}.json", 1)
    return {kind: (root / kind, read_manifest(root / f"{kind}.json")) for kind in corpora}


def settings(corpus):
    """Make settings whose one corpus is called `own`."""
    return Settings.model_validate(matrix({"own": corpus}, one=scenario("own")))


def describe(path, tmp_path, **corpus):
    """Describe the corpus at a path; give its manifest and that file's path."""
    target = tmp_path / "own.manifest.json"
    describe_corpus(settings({"path": str(path), **corpus}), "own", manifest=str(target))
    return read_manifest(target), target


def listing(folder):
    """Everything that writing to a folder would change."""
    return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in [folder, *folder.rglob("*")])


@pytest.mark.parametrize("kind", ["item_files", "items_directory", "geoparquet"])
def test_reading_finds_what_the_generator_made(generated, kind, tmp_path):
    """A generated corpus described like one of the user's own has the generator's reference."""
    folder, expected = generated[kind]
    before = listing(folder)
    manifest, path = describe(folder, tmp_path, kind=kind)
    assert manifest.reference == expected.reference
    assert manifest.file_references == expected.file_references
    assert (manifest.items, manifest.files, manifest.bytes) == (
        expected.items,
        expected.files,
        pytest.approx(expected.bytes, abs=100),
    )
    assert manifest.collection == "sentinel-2-l2a"
    assert (manifest.generator, manifest.seed, manifest.origin) == (None, None, str(folder))
    assert len(manifest.broken) == len(expected.broken)
    assert verify(folder, path) == []
    assert listing(folder) == before


def test_a_single_file_is_a_corpus(generated, tmp_path):
    """The path may be one GeoParquet file."""
    folder, expected = generated["geoparquet"]
    manifest, path = describe(folder / "part-00001.parquet", tmp_path, kind="geoparquet")
    assert manifest.reference == expected.file_references["part-00001.parquet"]
    assert verify(folder / "part-00001.parquet", path) == []


def test_max_items_bounds_the_whole_and_each_file(generated, tmp_path):
    """A bound holds for the corpus, and for a scenario that picks one of its files."""
    manifest, _ = describe(generated["geoparquet"][0], tmp_path, kind="geoparquet", max_items=40)
    assert manifest.items == manifest.reference.count == 40
    assert [found.count for found in manifest.file_references.values()] == [30, 30]


def test_a_touched_file_is_noticed(generated, tmp_path):
    """The user's files are not read again, but a new time of change shows."""
    folder = tmp_path / "copy"
    shutil.copytree(generated["item_files"][0], folder)
    _, path = describe(folder, tmp_path, kind="item_files")
    victim = sorted(folder.iterdir())[3]
    os.utime(victim, ns=(1, 1))
    assert verify(folder, path) == [f"{victim.name} has changed"]


def test_an_api_is_not_asked(tmp_path):
    """An API's manifest has no reference: there the arms are compared with each other."""
    corpus = {"kind": "api", "url": "http://127.0.0.1:1/nothing-here", "collection": "c"}
    describe_corpus(settings(corpus), "own", manifest=tmp_path / "own.json")
    manifest = read_manifest(tmp_path / "own.json")
    assert (manifest.reference, manifest.items, manifest.collection) == (None, None, "c")


def test_generated_corpora_are_not_described(tmp_path):
    """A generated corpus has its manifest from the generator."""
    for name in ("own", "unknown"):
        with pytest.raises(SettingsError, match=f"corpora.{name}: not a corpus of your own"):
            describe_corpus(settings({"kind": "api", "items": 3}), name, manifest=tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_files_that_can_not_be_read_leave_no_manifest(tmp_path):
    """A path without a single item file is an error, and there is no manifest."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(IngestError, match="No JSON files found"):
        describe(tmp_path / "empty", tmp_path, kind="item_files")
    assert not (tmp_path / "own.manifest.json").exists()


def test_matching_needs_no_generated_corpus(generated, tmp_path):
    """What a described corpus holds compares with a sink's digest like a generated one."""
    manifest, _ = describe(generated["item_files"][0], tmp_path, kind="item_files")
    assert matches(generated["item_files"][1].reference.digest(7), manifest.reference) is None
