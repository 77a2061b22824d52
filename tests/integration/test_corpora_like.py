"""Corpora that are like another: like a file of the user's, or the same some time later."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from factories import matrix, reference, scenario
from ingest_bench.config.matrix import load_settings
from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.inventory import read_manifest
from ingest_bench.corpora.items import ItemFactory
from ingest_bench.errors import SettingsError
from ingest_bench.simulator.item_store import open_store

SEED = 20260210


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Return the folders of a corpus of 120 items by kind, as it was; not to be changed."""
    root = tmp_path_factory.mktemp("before")
    for kind in ("item_files", "api"):
        build(kind, Corpus(kind=kind, items=120), SEED, root / kind, root / f"{kind}.json", 1)
    return {kind: root / kind for kind in ("item_files", "api")}


@pytest.mark.parametrize("kind", ["item_files", "items_directory", "api"])
def test_a_corpus_is_like_a_file_of_the_users(tmp_path, kind):
    """Its items have the members of those in the file, are all there under new ids, and match the manifest."""
    like = tmp_path / "mine.ndjson"
    own = [ItemFactory(SEED, 5).item(index) for index in range(7)]
    for number, item in enumerate(own):
        item |= {"id": f"a/b {number}", "collection": "mine", "odd": [number, None]}
    like.write_text("".join(json.dumps(item) + "\n" for item in own))
    folder, path = tmp_path / kind, tmp_path / f"{kind}.json"
    build(kind, Corpus(kind=kind, items=30, like=str(like)), SEED, folder, path, 1)
    assert verify(folder, path) == []
    manifest = read_manifest(path)
    assert (manifest.items, manifest.collection) == (30, "mine")
    if kind == "api":
        items = [json.loads(line) for line in (folder / "items.ndjson").read_bytes().splitlines()]
        assert len(open_store(folder)) == 30
    else:
        items = [json.loads(file.read_bytes()) for file in folder.rglob("*.json") if file.name != "collection.json"]
    assert reference(items) == manifest.reference
    assert len({item["id"] for item in items}) == 30
    assert {item["odd"][1] for item in items} == {None}
    assert {tuple(item["assets"]) for item in items} == {tuple(own[0]["assets"])}


@pytest.mark.parametrize("kind", ["item_files", "api"])
def test_a_corpus_some_time_later(before, tmp_path, kind):
    """Of 120 items 6 have another content, 4 are new and 2 are gone; all others are the same bytes."""
    later = {"changed": 0.05, "added": 0.03, "removed": 0.02}
    folder, path = tmp_path / kind, tmp_path / f"{kind}.json"
    build(kind, Corpus(kind=kind, items=120, later=later), SEED, folder, path, 1)
    assert verify(folder, path) == []

    def items_in(place):
        if kind == "api":
            return {json.loads(line)["id"]: line for line in (place / "items.ndjson").read_bytes().splitlines()}
        return {file.stem: file.read_bytes() for file in place.iterdir()}

    old, new = items_in(before[kind]), items_in(folder)
    assert len(new.keys() - old.keys()) == 4
    assert len(old.keys() - new.keys()) == 2
    changed = [name for name in old.keys() & new.keys() if old[name] != new[name]]
    assert len(changed) == 6
    for name in changed:
        was, now = (json.loads(side[name])["properties"] for side in (old, new))
        assert {key for key in was if was[key] != now[key]} == {"updated"}
        assert now["updated"] > was["updated"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "geoparquet", "files": 1}, "corpora.own.like: belongs to kind: "),
        ({"like": "nowhere.json"}, "corpora.own.like: nowhere.json is not a file"),
        ({"kind": "items_directory", "later": {"added": 0.1}}, "corpora.own.later: belongs to kind: item_files, api"),
        ({"later": {"changed": 0.6, "removed": 0.5}}, "changed and removed are more than all"),
        ({"kind": "items_directory", "corrupt_share": 0.1}, "leave corrupt_share and skewed out"),
    ],
)
def test_likeness_that_makes_no_sense_is_refused(tmp_path, changes, complaint):
    """What can't be imitated, or not that way, is told with its key before anything is built."""
    corpus = {"kind": "item_files", "items": 3, "like": str(Path(__file__)), **changes}
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        load_settings(matrix({"own": corpus}, results=str(tmp_path), own=scenario("own")))


def test_a_file_without_items_is_named(tmp_path):
    """Where the file to be imitated holds no item, building says so with its name."""
    empty = tmp_path / "empty.ndjson"
    empty.touch()
    corpus = Corpus(kind="item_files", items=3, like=str(empty))
    with pytest.raises(SettingsError, match=r"like: .*empty\.ndjson"):
        build("x", corpus, SEED, tmp_path / "x", tmp_path / "x.json", 1)
