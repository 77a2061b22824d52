"""Corpora on disk: built whole or not at all, the same every time, and checked against their manifest."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import orjson
import pyarrow.parquet as pq
import pytest
import rustac
from pydantic import ValidationError

from factories import matrix, reference, scenario
from ingest_bench.config import corpus_kinds
from ingest_bench.config.corpus_kinds import corpus_kind
from ingest_bench.config.models import Corpus, Settings
from ingest_bench.corpora.builder import build, build_corpus
from ingest_bench.corpora.check import verify
from ingest_bench.corpora.geoparquet_files import ROW_GROUP
from ingest_bench.corpora.inventory import read_manifest
from ingest_bench.corpora.items import ItemFactory
from ingest_bench.corpora.items_directory import BREAKS, DANGLING, KINDS
from ingest_bench.errors import SettingsError
from ingest_bench.results.digest import DigestSink, matches

SEED = 20260210
CORPORA = {
    "item_files": Corpus(kind="item_files", items=120),
    "items_directory": Corpus(kind="items_directory", items=60, item_kb=20, corrupt_share=0.2),
    "api": Corpus(kind="api", items=120),
    "geoparquet": Corpus(kind="geoparquet", items=250, files=3, item_kb=20),
}
GOLDEN = {
    "item_files": "e3b279bae4d594c6bf4f7065a31e3de9cd0112d636bfa7980537afff7caeb1f6",
    "items_directory": "e04ef089a6df0d79a1a7aaf691ddb202f12919e9b0766c2bad6f6a6bef1231e3",
    "api": "954cf141a5e243f96d2c3cf277ca039419cf1a1e3335b0c43a980a69c198096a",
}


def make(kind, root, workers=1):
    """Build a corpus; give its folder, its manifest's path and its manifest."""
    folder, path = root / kind, root / f"{kind}.manifest.json"
    build(kind, CORPORA[kind], SEED, folder, path, workers)
    return folder, path, read_manifest(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One corpus of each kind, not to be changed."""
    root = tmp_path_factory.mktemp("corpora")
    return {kind: make(kind, root) for kind in CORPORA}


def digest(items):
    sink = DigestSink(None)
    for item in items:
        sink.add(item)
    return sink.result()


@pytest.mark.parametrize("kind", CORPORA)
def test_a_corpus_is_as_its_manifest_says(built, kind):
    """Right after it was built, nothing has changed, and sizes and counts are those of the files."""
    folder, path, manifest = built[kind]
    assert verify(folder, path) == []
    files = [file for file in folder.rglob("*") if file.is_symlink() or file.is_file()]
    assert manifest.files == len(files)
    assert manifest.bytes == sum(file.stat().st_size for file in files if not file.is_symlink())
    assert manifest.items + len(manifest.broken) == CORPORA[kind].items


@pytest.mark.parametrize("kind", CORPORA)
def test_building_again_gives_the_same_bytes(built, kind, tmp_path):
    """The same settings and seed make the same files and the same manifest."""
    assert make(kind, tmp_path)[2] == built[kind][2]


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_bytes_are_the_same_everywhere(built, kind):
    """JSON corpora are byte-identical on every machine; if this fails on purpose, raise `GENERATOR`."""
    assert built[kind][2].sha256 == GOLDEN[kind]


def test_another_seed_makes_another_corpus(built, tmp_path):
    """The seed matters."""
    build("x", CORPORA["api"], SEED + 1, tmp_path / "x", tmp_path / "x.json", 1)
    assert read_manifest(tmp_path / "x.json").reference.ids != built["api"][2].reference.ids


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["item_files", "geoparquet", "api"])
def test_a_script_without_a_main_guard_can_build_in_parallel(kind, tmp_path):
    """Two processes make what one makes, started from a script that does its work when imported, as Snakemake's do."""
    script = tmp_path / "script.py"
    corpus = Corpus(kind=kind, items=2300, files=2 if kind == "geoparquet" else None)
    script.write_text(
        "from pathlib import Path\n"
        "from ingest_bench.corpora.builder import build\n"
        "from ingest_bench.config.models import Corpus\n"
        f"corpus = Corpus.model_validate_json({corpus.model_dump_json(exclude_unset=True)!r})\n"
        f"build('b', corpus, {SEED}, Path('b'), Path('b.json'), 2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    build("a", corpus, SEED, tmp_path / "a", tmp_path / "a.json", 1)
    assert read_manifest(tmp_path / "b.json") == read_manifest(tmp_path / "a.json")
    assert verify(tmp_path / "b", tmp_path / "b.json") == []


def test_item_files_hold_the_items(built):
    """Every file is named after the item in it, and together they are the reference."""
    folder, _, manifest = built["item_files"]
    items = {path.stem: json.loads(path.read_bytes()) for path in folder.iterdir()}
    assert all(item["id"] == stem for stem, item in items.items())
    assert matches(digest(items.values()), manifest.reference) is None


def test_files_and_api_share_their_items(built):
    """An API and a folder of the same size hold the same items: the first of the generator's."""
    assert built["api"][2].reference == built["item_files"][2].reference
    factory = ItemFactory(SEED, 5)
    assert reference(factory.item(index) for index in range(120)) == built["api"][2].reference


def test_api_items_are_in_order(built):
    """One item a line, sorted by time and then id."""
    folder, _, manifest = built["api"]
    items = [json.loads(line) for line in (folder / "items.ndjson").read_bytes().splitlines()]
    keys = [(item["properties"]["datetime"], item["id"]) for item in items]
    assert keys == sorted(keys)
    assert matches(digest(items), manifest.reference) is None
    assert json.loads((folder / "collection.json").read_bytes())["id"] == manifest.collection


def test_broken_files_are_named_by_every_way_to_read(built):
    """Reading text and parsing with `json`, or bytes with orjson: both fail on exactly the files the manifest names."""
    folder, _, manifest = built["items_directory"]
    failed, strict, items = set(), set(), []
    for path in sorted((folder / "items").glob("*.json")):
        name = f"items/{path.name}"
        try:
            items.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            failed.add(name)
        try:
            orjson.loads(path.read_bytes())
        except (OSError, ValueError):
            strict.add(name)
    assert failed == strict == set(manifest.broken)
    assert matches(digest(items), manifest.reference) is None


def test_every_kind_of_break_comes_up(built):
    """Twelve broken files show all ten kinds before any comes up a third time."""
    kinds = Counter(built["items_directory"][2].broken.values())
    assert set(kinds) == set(KINDS)
    assert max(kinds.values()) == 2
    assert len(KINDS) == 10


def test_bytes_are_broken_the_way_they_say(built):
    """The compressed file is real gzip, the link leads nowhere, and no break leaves the bytes as they were."""
    folder, _, manifest = built["items_directory"]
    links = [name for name, kind in manifest.broken.items() if kind == DANGLING]
    assert links
    assert all((folder / name).is_symlink() and not (folder / name).exists() for name in links)
    data = orjson.dumps(ItemFactory(SEED, 20).item(0))
    assert gzip.decompress(BREAKS["compressed"](data)) == data
    for kind, damage in BREAKS.items():
        with pytest.raises(ValueError, match=r"."):
            orjson.loads(damage(data))
        assert damage(data) != data, kind


def read_items(path):
    """Read STAC-GeoParquet with rustac, an independent reader, which writes UTC as +00:00 in two properties."""

    async def read():
        return await rustac.read(str(path))

    import asyncio  # noqa: PLC0415 - rustac needs a running loop

    items = asyncio.run(read())["features"]
    for item in items:
        for key in ("created", "updated"):
            item["properties"][key] = item["properties"][key].replace("+00:00", "Z")
    return items


def test_geoparquet_holds_the_items(built):
    """An independent reader finds exactly the generator's items, file by file and altogether."""
    folder, _, manifest = built["geoparquet"]
    parts = {path.name: read_items(path) for path in sorted(folder.iterdir())}
    assert list(parts) == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert [len(items) for items in parts.values()] == [83, 83, 84]
    for name, items in parts.items():
        assert matches(digest(items), manifest.file_references[name]) is None
    everything = [item for items in parts.values() for item in items]
    assert matches(digest(everything), manifest.reference) is None
    assert manifest.reference == reference(ItemFactory(SEED, 20).item(index) for index in range(250))


def test_geoparquet_round_trips_multipolygons(tmp_path):
    """Polygons and MultiPolygons in one file come back as what they were."""
    corpus = Corpus(kind="geoparquet", items=700, files=1)
    build("mixed", corpus, SEED, tmp_path / "mixed", tmp_path / "mixed.json", 1)
    items = read_items(tmp_path / "mixed" / "part-00000.parquet")
    assert {item["geometry"]["type"] for item in items} == {"Polygon", "MultiPolygon"}
    assert matches(digest(items), read_manifest(tmp_path / "mixed.json").reference) is None


def test_geoparquet_says_what_it_is(built):
    """Files carry GeoParquet metadata with a covering bbox, UTC times, and snappy pages."""
    path = built["geoparquet"][0] / "part-00000.parquet"
    metadata = pq.read_metadata(path)
    geo = json.loads(metadata.metadata[b"geo"])
    assert geo["columns"][geo["primary_column"]]["encoding"] == "WKB"
    assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert "sentinel-2-l2a" in json.loads(metadata.metadata[b"stac-geoparquet"])["collections"]
    schema = pq.read_schema(path)
    assert {str(schema.field(name).type) for name in ("datetime", "created", "updated")} == {"timestamp[ms, tz=UTC]"}
    assert metadata.row_group(0).column(0).compression == "SNAPPY"
    assert "pyarrow" in built["geoparquet"][2].writer


def test_row_groups_are_bounded(tmp_path):
    """A file of more rows than a row group holds has several."""
    corpus = Corpus(kind="geoparquet", items=ROW_GROUP + 1, files=1)
    build("rows", corpus, SEED, tmp_path / "rows", tmp_path / "rows.json", 1)
    metadata = pq.read_metadata(tmp_path / "rows" / "part-00000.parquet")
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [ROW_GROUP, 1]


def copied(built, kind, tmp_path):
    """Copy a corpus to where it may be changed."""
    folder, path, _ = built[kind]
    target = tmp_path / kind
    shutil.copytree(folder, target, symlinks=True)
    return target, path


@pytest.mark.parametrize("kind", CORPORA)
def test_a_changed_byte_is_noticed(built, kind, tmp_path):
    """One bit flipped in the middle of a file, size and time as before, is a change."""
    folder, path = copied(built, kind, tmp_path)
    victim = max(
        (file for file in folder.rglob("*") if file.is_file()), key=lambda file: (file.stat().st_size, file.name)
    )
    times = victim.stat()
    with victim.open("r+b") as file:
        file.seek(times.st_size // 2)
        byte = file.read(1)
        file.seek(times.st_size // 2)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = verify(folder, path)
    if kind == "item_files":
        assert found == ["some of 120 files have changed"]
    else:
        assert found == [f"{victim.relative_to(folder).as_posix()} has changed"]


def test_a_missing_and_an_extra_file_are_named(built, tmp_path):
    """Where files are few, those that are gone or new are named."""
    folder, path = copied(built, "geoparquet", tmp_path)
    (folder / "part-00001.parquet").rename(folder / "part-1.parquet")
    assert verify(folder, path) == ["part-00001.parquet is missing", "part-1.parquet does not belong here"]


def test_missing_files_are_counted_where_they_are_many(built, tmp_path):
    """Where files are many, their number and size tell."""
    folder, path = copied(built, "item_files", tmp_path)
    victim = next(folder.iterdir())
    size = built["item_files"][2].bytes
    expected = ["1 file missing, expected 120", f"{size - victim.stat().st_size} bytes instead of {size}"]
    victim.unlink()
    assert verify(folder, path) == expected


def test_a_redirected_link_is_noticed(built, tmp_path):
    """Where a symbolic link leads to belongs to the corpus."""
    folder, path = copied(built, "items_directory", tmp_path)
    name = next(name for name, kind in built["items_directory"][2].broken.items() if kind == DANGLING)
    (folder / name).unlink()
    (folder / name).symlink_to("elsewhere.json")
    assert verify(folder, path) == [f"{name} has changed"]


def test_a_missing_corpus_is_noticed(built, tmp_path):
    """No folder, no corpus."""
    assert verify(tmp_path / "gone", built["api"][1]) == [f"{tmp_path / 'gone'} is not there"]


def test_the_workflow_may_leave_its_mark(built, tmp_path):
    """Snakemake puts a time stamp into folders that rules make; that is no change."""
    folder, path = copied(built, "api", tmp_path)
    (folder / ".snakemake_timestamp").touch()
    assert verify(folder, path) == []


def test_an_interrupted_build_leaves_no_corpus(tmp_path, monkeypatch):
    """When building stops half-way there is no folder and no manifest, not even an old one; the next build works."""
    folder, path, manifest = make("item_files", tmp_path)

    def stops(corpus, seed, folder, workers):
        (folder / "half.json").write_text("{")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(corpus_kinds.KINDS.further, "item_files", replace(corpus_kind("item_files"), build=stops))
        with pytest.raises(KeyboardInterrupt):
            make("item_files", tmp_path)
    assert not folder.exists()
    assert not path.exists()
    assert make("item_files", tmp_path)[2] == manifest
    assert sorted(file.name for file in tmp_path.iterdir()) == ["item_files", "item_files.manifest.json"]


def test_a_build_replaces_what_was_there(tmp_path):
    """Files of an earlier, larger corpus don't stay."""
    build("x", Corpus(kind="item_files", items=20), SEED, tmp_path / "x", tmp_path / "x.json", 1)
    build("x", Corpus(kind="item_files", items=5), SEED, tmp_path / "x", tmp_path / "x.json", 1)
    assert len(list((tmp_path / "x").iterdir())) == 5
    assert verify(tmp_path / "x", tmp_path / "x.json") == []


def test_a_damaged_manifest_is_an_error(built, tmp_path):
    """A manifest with a field too many or a field too few is not taken for one."""
    damaged = tmp_path / "m.json"
    damaged.write_text('{"kind": "api"}')
    with pytest.raises(ValidationError):
        read_manifest(damaged)


def settings(**corpora):
    """Make settings that have these corpora."""
    return Settings.model_validate(matrix(corpora, seed=SEED, one=scenario(next(iter(corpora)))))


def test_the_workflow_builds_by_name(built, tmp_path):
    """A corpus of the configuration is built by its name, with paths as text."""
    config = settings(small={"kind": "api", "items": 120})
    build_corpus(config, "small", folder=str(tmp_path / "small"), manifest=str(tmp_path / "small.json"))
    assert read_manifest(tmp_path / "small.json") == built["api"][2]


def test_only_generated_corpora_are_built(tmp_path):
    """The user's own files are never a place to write to."""
    config = settings(own={"kind": "item_files", "path": str(tmp_path)})
    for name in ("own", "unknown"):
        with pytest.raises(SettingsError, match=f"corpora.{name}: not a generated corpus"):
            build_corpus(config, name, folder=tmp_path / "x", manifest=tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []
