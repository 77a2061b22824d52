"""Items are known by collection and id: whatever repeats, and however often a run is stopped, each comes out once."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import CheckpointManager, WorkflowContext
from stac_ingest.cli.main import main
from stac_ingest.core.id_set import key_of
from stac_ingest.errors import DataProcessingError
from stac_ingest.module import IngestModule
from stac_ingest.outputs import GeoParquetOutput, ItemFilesOutput, NdjsonOutput, read_output

KINDS = ["ndjson", "items", "geoparquet"]
TWO = [("ndvi", "2024-01", "2024"), ("lst", "2024-01", "2024")]


def item(collection, item_id, updated="2024"):
    made = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": collection,
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "bbox": [1.0, 2.0, 1.0, 2.0],
        "properties": {"datetime": "2024-01-01T00:00:00Z", "updated": f"{updated}-01-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }
    return made if collection else {name: value for name, value in made.items() if name != "collection"}


def folder_of(path, items):
    """Write a file for each item, in their order."""
    path.mkdir()
    for number, one in enumerate(items):
        (path / f"{number:04d}.json").write_text(json.dumps(item(*one)))
    return path


def keys_in(kind, out):
    return Counter(map(key_of, read_output(kind, out / "items" if kind == "items" else out)))


def certificate(out):
    return json.loads((out / "certificate.json").read_text())


def notes(out):
    path = out / "notes.ndjson"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def ingest(source, kind, out, *more):
    return main([str(source), "--to", kind, "--output", str(out), *more])


def as_folder(path):
    return folder_of(path / "source", TWO)


def as_document(path):
    (path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": [item(*one) for one in TWO]}))
    return path / "items.json"


def as_table(path):
    out = path / "tables"
    assert ingest(as_folder(path), "geoparquet", out) == 0
    return out / "part-00000.parquet"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("made", [as_folder, as_document, as_table])
def test_one_id_in_two_collections_is_two_items(made, kind, tmp_path):
    """Both come from a folder, a FeatureCollection and a table into every output, and a resumed run keeps both."""
    source, out = made(tmp_path), tmp_path / "out"
    assert ingest(source, kind, out) == 0
    both = {("ndvi", "2024-01"): 1, ("lst", "2024-01"): 1}
    assert keys_in(kind, out) == both
    assert (certificate(out)["verdict"], certificate(out)["items"], certificate(out)["skipped"]) == ("complete", 2, 0)
    assert ingest(source, kind, out, "--resume") == 0
    assert keys_in(kind, out) == both
    assert (certificate(out)["verdict"], certificate(out)["written"], certificate(out)["skipped"]) == ("complete", 0, 2)
    assert [path.name for path in (out / ".checkpoints" / kind).iterdir()] == ["items.journal"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_copy_is_named_and_the_first_one_stays(kind, tmp_path):
    """What comes twice is a duplicate: counted, and named with the `updated` of both, also when the run is repeated."""
    source, out = folder_of(tmp_path / "source", [("c", "a", "2024"), ("c", "a", "2025"), ("c", "b")]), tmp_path / "out"
    for more in ([], ["--resume"]):
        assert ingest(source, kind, out, *more) == 0
        found = certificate(out)
        assert (found["verdict"], found["items"], found["duplicates"]) == ("complete with duplicates", 2, 1)
        left_out, kept = notes(out)
        assert (left_out["collection"], left_out["item_id"]) == (kept["collection"], kept["item_id"]) == ("c", "a")
        assert "left out; its `updated` is 2025-01-01" in left_out["what"]
        assert "kept; its `updated` is 2024-01-01T00:00:00Z, older than what was left out" in kept["what"]
        assert "a newer copy was left out" in found["notes"][0]
    assert keys_in(kind, out) == {("c", "a"): 1, ("c", "b"): 1}


async def test_the_module_delivers_each_item_once(tmp_path):
    """Without an output too: the second copy is counted and named, items of two collections both come."""
    source = folder_of(tmp_path / "source", [*TWO, ("lst", "2024-01", "2025")])
    module, context = IngestModule({"mode": "file", "source": str(source)}), WorkflowContext()
    assert [key_of(one) async for one in module.fetch(context)] == [("ndvi", "2024-01"), ("lst", "2024-01")]
    assert (module.summary.items, module.summary.duplicates) == (2, 1)
    assert [change.collection for change in context.changes.get_all()] == ["lst"]
    assert (context.changes.items, context.changes.changes) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_of_an_earlier_release_is_resumed(kind, tmp_path):
    """Its records know ids alone. The output says which items they are, so nothing is lost and nothing comes twice."""
    source, out = folder_of(tmp_path / "source", [("ndvi", "a"), ("ndvi", "b"), ("lst", "c")]), tmp_path / "out"
    assert ingest(source, kind, out) == 0
    shutil.rmtree(out / ".checkpoints")
    with CheckpointManager(kind, "items", out / ".checkpoints") as earlier:
        earlier.mark_all_completed((name, "somewhere") for name in "abc")
    (earlier.get_checkpoint_path() / "_by_collection").unlink()
    for name, one in (("later", ("lst", "a")), ("latest", (None, "b"))):
        (source / f"{name}.json").write_text(json.dumps(item(*one)))
        assert ingest(source, kind, out, "--resume") == 0
        assert certificate(out)["written"] == 1
    expected = [("ndvi", "a"), ("ndvi", "b"), ("lst", "c"), ("lst", "a"), ("", "b")]
    assert keys_in(kind, out) == dict.fromkeys(expected, 1)


async def test_rows_that_are_no_items_are_handed_on(tmp_path):
    """A table of anything has rows without an id, or with equal ones that are no text: they are no duplicates."""
    for number, columns in enumerate(
        ({"x": [1, 2]}, {"id": [1, 1]}, {"id": [None, None, "a"]}, {"id": [["a"], ["a"]]})
    ):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table(columns), path)
        module = IngestModule({"mode": "file", "source": str(path)})
        found = [one async for one in module.fetch(WorkflowContext())]
        assert (found, module.summary.duplicates) == (pa.table(columns).to_pylist(), 0)


def test_a_file_of_somebody_else_does_not_fail_what_was_written(tmp_path):
    """What is no item among the item files costs no more than a note, where kept copies are looked up."""
    source, out = folder_of(tmp_path / "source", [("c", "a"), ("c", "a")]), tmp_path / "out"
    (out / "items").mkdir(parents=True)
    (out / "items" / "theirs.json").write_text("{")
    (out / "items" / "a_list.json").write_text('{"no": "id"}')
    assert ingest(source, "items", out) == 0
    assert "could not be read" in certificate(out)["notes"][0]


SMALL = {
    "ndjson": lambda folder: NdjsonOutput(folder, batch_bytes=600),
    "items": lambda folder: ItemFilesOutput(folder, batch_items=2),
    "geoparquet": lambda folder: GeoParquetOutput(folder, row_group_items=1, part_items=2),
}
"""Outputs that write after a few items."""
keys = st.tuples(st.sampled_from(["ndvi", "lst", "", "A"]), st.sampled_from(["a", "A", "b", "c/d"]))
copies = st.lists(st.tuples(keys, st.sampled_from(["2024", "2025"])), min_size=1, max_size=14)


def stop_after(patch, limit):
    """End a run as an error of the source does, once so many items were handed to the pipeline."""
    fetch = IngestModule.fetch_rows

    async def fetch_some(module, context, *, as_lines):
        left = limit
        async for rows in fetch(module, context, as_lines=as_lines):
            yield rows.take(range(min(left, len(rows.keys))))
            left -= len(rows.keys)
            if left < 0:
                raise DataProcessingError("stopped")

    patch.setattr(IngestModule, "fetch_rows", fetch_some)


@pytest.fixture
def small(monkeypatch):
    """Have folders read two files at a time, and outputs write after a few items."""
    monkeypatch.setattr("stac_ingest.sources.directory.source.SLICE", 2)
    monkeypatch.setattr("stac_ingest.cli.run.make_output", lambda name, folder, settings=None: SMALL[name](folder))


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_what_is_not_read_again_is_a_duplicate(kind, tmp_path, small, monkeypatch):
    """A resumed run leaves out files that are done; a copy of one of their items isn't what was done before."""
    ids = ["a", "a", *"bcdefgh", "a"]
    source, out = folder_of(tmp_path / "source", [("c", name) for name in ids]), tmp_path / "out"
    with monkeypatch.context() as patch:
        stop_after(patch, 7)
        assert ingest(source, kind, out) == 3
    assert ingest(source, kind, out, "--resume") == 0
    found = certificate(out)
    assert (found["verdict"], found["items"], found["duplicates"]) == ("complete with duplicates", 8, 2)
    assert found["read_again"] < 6
    assert keys_in(kind, out) == {("c", name): 1 for name in ids}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(copies=copies, stops=st.lists(st.integers(0, 9), max_size=3), in_files=st.booleans())
def test_each_item_comes_out_once(kind, tmp_path_factory, *, copies, stops, in_files):
    """Over several collections with equal ids, copies and runs that are stopped, each is there once, and counted."""
    path = tmp_path_factory.mktemp("run")
    made = [item(collection, item_id, updated) for (collection, item_id), updated in copies]
    source, out = path / "source", path / "out"
    if in_files:
        source.mkdir()
        for number, one in enumerate(made):
            (source / f"{number:02d}.json").write_bytes(orjson.dumps(one))
    else:
        source = path / "items.json"
        source.write_bytes(orjson.dumps(made))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stac_ingest.sources.directory.source.SLICE", 2)
        patch.setattr("stac_ingest.cli.run.make_output", lambda name, folder, settings=None: SMALL[name](folder))
        resume = []
        for stop in stops:
            with patch.context() as stopping:
                stop_after(stopping, stop)
                assert ingest(source, kind, out, *resume) in (0, 3)
            resume = ["--resume"]
        assert ingest(source, kind, out, *resume) == 0
    distinct = {key for key, _ in copies}
    assert keys_in(kind, out) == dict.fromkeys(distinct, 1)
    repeated = len(copies) - len(distinct)
    found = certificate(out)
    assert found["verdict"] == ("complete with duplicates" if repeated else "complete")
    assert (found["items"], found["duplicates"]) == (len(distinct), repeated)
    assert {(note["collection"], note["item_id"]) for note in notes(out)} == {
        key for key, times in Counter(key for key, _ in copies).items() if times > 1
    }
