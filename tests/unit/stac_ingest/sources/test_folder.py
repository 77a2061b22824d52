"""What is read of a folder: all items in it and below, under which names what can't be read fails, what is noted."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from stac_ingest import ConfigurationError, DataProcessingError, IngestModule, IngestSummary, WorkflowContext
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sources.directory.walk import Survey, survey
from stac_ingest.sources.kind import kind_name, kind_of

ARMS: list[dict[str, Any]] = [{}, {"concurrency": 3}, {"concurrency": 3, "worker_strategy": "queue"}]
CATALOG = {"type": "Catalog", "id": "root", "links": []}
COLLECTION = {"type": "Collection", "id": "c", "extent": {}, "links": []}


def item(name: str, **more: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    about = {"type": "Feature", "stac_version": "1.1.0", "geometry": point, "bbox": [1.0, 2.0, 1.0, 2.0]}
    return {**about, "id": name, "properties": {"datetime": "2024-01-01T00:00:00Z"}, "links": [], "assets": {}, **more}


def put(path: Path, *content: object) -> Path:
    """Write a file by what its name says: JSON, a line for each, a table, or any of these packed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        with GeoParquetWriter(path) as writer:
            writer.write(list(content))  # type: ignore[arg-type]
        return path
    data = "".join(f"{json.dumps(one)}\n" for one in content).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


async def ingest(source: Path | str, **settings: Any) -> tuple[list[str], list[str], IngestSummary]:
    """Return the ids that come, sorted; the names of failures; and the summary."""
    module, context = IngestModule({"mode": "file", "source": str(source), **settings}), WorkflowContext()
    ids = sorted([found["id"] async for found in module.fetch(context)])
    return ids, sorted(failure.item_id for failure in context.failure_collector.get_all()), module.summary


def mixed(folder: Path) -> Path:
    """Write items into files and folders of all kinds."""
    put(folder / "a.json", item("a"))
    put(folder / "2024/b.json", item("b"))
    put(folder / "2024/05/c.geojson", item("c"))
    put(folder / "d.json.gz", item("d"))
    put(folder / "e.ndjson", item("e"), item("f"))
    put(folder / "g.jsonl", item("g"))
    put(folder / "2024/h.ndjson.gz", item("h"), item("i"))
    put(folder / "j.JSON", item("j"))
    put(folder / "k.json", {"type": "FeatureCollection", "features": [item("k"), item("l")]})
    put(folder / "m.json", [item("m")])
    return folder


@pytest.mark.parametrize("arm", ARMS)
async def test_all_items_of_a_folder_come(tmp_path: Path, arm: dict[str, Any]) -> None:
    """Folders in it, other names of JSON, packed files, lines, collections of features: each item comes once."""
    ids, failures, _ = await ingest(mixed(tmp_path), **arm)
    assert ids == list("abcdefghijklm")
    assert failures == []


@pytest.mark.parametrize("arm", ARMS)
async def test_what_is_no_feature_is_no_item(tmp_path: Path, arm: dict[str, Any]) -> None:
    """Catalogs, collections, styles and other JSON are passed over with a note that counts and names them."""
    put(tmp_path / "a.json", item("a"))
    put(tmp_path / "catalog.json", CATALOG)
    put(tmp_path / "c/collection.json", COLLECTION)
    put(tmp_path / "style.json", {"version": 8, "layers": []})
    put(tmp_path / "old.json", {"id": "old", "description": "a catalog of before", "links": []})
    put(tmp_path / "number.json", 7)
    for number in range(5):
        put(tmp_path / f"{number}/catalog.json", CATALOG)
    ids, failures, summary = await ingest(tmp_path, **arm)
    assert (ids, failures, summary.passed_over) == (["a"], [], 10)
    (note,) = summary.notes
    assert "6 Catalog (" in note
    assert ", ...)" in note
    assert "1 Collection (c/collection.json)" in note
    assert "3 JSON (" in note


@pytest.mark.parametrize("content", [CATALOG, COLLECTION, {"version": 8}])
async def test_a_folder_without_items_says_what_it_holds(tmp_path: Path, content: object) -> None:
    """A folder with a catalog alone is an error that names it, not an empty success."""
    put(tmp_path / "x.json", content)
    with pytest.raises(DataProcessingError, match=r"No item could be read.*x\.json.*give the folder of the items"):
        await ingest(tmp_path)


@pytest.mark.parametrize("kind", ["Catalog", "Collection"])
async def test_a_catalog_given_as_a_file_says_so(tmp_path: Path, kind: str) -> None:
    """Its message says what it is and which folder to give."""
    path = put(tmp_path / "x.json", {"type": kind, "id": "a"})
    with pytest.raises(DataProcessingError, match=rf"it is a {kind}, which only leads to items: give the folder"):
        await ingest(path)


@pytest.mark.parametrize(
    "content",
    [{"type": "Feature"}, {"type": "Feature", "id": 7}, {**item("a"), "type": "feature"}, item("a", type="Item")],
)
async def test_what_should_be_an_item_fails(tmp_path: Path, content: object) -> None:
    """A Feature without an id, and what has a geometry and a wrong type, is a failure and no remark."""
    put(tmp_path / "b.json", item("b"))
    put(tmp_path / "x.json", content)
    put(tmp_path / "y.json", {"type": "FeatureCollection", "features": [item("c"), content]})
    put(tmp_path / "z.ndjson", item("d"), content)
    ids, failures, _ = await ingest(tmp_path)
    assert (ids, failures) == (["b", "c", "d"], ["x.json", "y.json#1", "z.ndjson#2"])


async def test_an_item_without_a_type_is_taken(tmp_path: Path) -> None:
    """The type is mandatory, and losing what is an item by all else would be worse; a bare id is no item."""
    untyped = item("a")
    del untyped["type"]
    put(tmp_path / "a.json", untyped)
    put(tmp_path / "b.json", {"id": "b"})
    ids, failures, summary = await ingest(tmp_path)
    assert (ids, failures, summary.passed_over) == (["a"], [], 1)


async def test_a_broken_line_costs_one_item(tmp_path: Path) -> None:
    """The line is named by its number, in a file of lines, in a packed one, in a folder, at any concurrency."""
    text = b"\n".join([json.dumps(item("a")).encode(), b"", b"{", json.dumps(item("b")).encode(), b'{"id": 7}', b"[]"])
    (tmp_path / "x.ndjson").write_bytes(text)
    (tmp_path / "y.jsonl.gz").write_bytes(gzip.compress(text))
    for arm in ARMS:
        ids, failures, summary = await ingest(tmp_path, **arm)
        assert (ids, failures) == (["a", "b"], ["x.ndjson#3", "y.jsonl.gz#3"])
        assert summary.duplicates == 2
        assert (await ingest(tmp_path / "x.ndjson", **arm))[:2] == (["a", "b"], ["x.ndjson#3"])


async def test_lines_under_the_name_of_json_are_explained(tmp_path: Path) -> None:
    """A file called .json with an object a line fails with what to call it; `format` reads it as it is."""
    path = put(tmp_path / "x.json", item("a"), item("b"))
    put(tmp_path / "y.json", item("y"))
    module, context = IngestModule({"mode": "file", "source": str(tmp_path)}), WorkflowContext()
    assert [found["id"] async for found in module.fetch(context)] == ["y"]
    (failure,) = context.failure_collector.get_all()
    assert "call it .ndjson" in failure.error
    with pytest.raises(DataProcessingError, match=r"call it \.ndjson"):
        await ingest(path)
    assert (await ingest(path, format="ndjson"))[0] == ["a", "b"]


async def test_what_can_not_be_read_is_a_failure(tmp_path: Path) -> None:
    """Packed in another way, unfinished, half unpacked, beyond the limit, out of the folder: named, with what to do."""
    folder = tmp_path / "source"
    put(folder / "a.json", item("a"))
    put(tmp_path / "elsewhere/b.json", item("b"))
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    (folder / "inside").symlink_to(folder)
    (folder / "circle").symlink_to(folder / "circle")
    for name in ("c.json.bz2", "d.ndjson.part", "e.parquet.gz"):
        (folder / name).touch()
    (folder / "f.json.gz").write_bytes(gzip.compress(b"{}")[:-4])
    (folder / "g.json.gz").write_bytes(gzip.compress(b" " * (2 << 20)))
    put(folder / "_temporary/h.json", item("h"))
    os.mkfifo(folder / "i.ndjson")
    ids, failures, _ = await ingest(folder, max_response_mib=1)
    assert ids == ["a"]
    assert failures == [
        "_temporary",
        "b",
        "c.json.bz2",
        "d.ndjson.part",
        "e.parquet.gz",
        "f.json.gz",
        "g.json.gz",
        "i.ndjson",
    ]


async def test_hidden_names_and_other_files_are_not_looked_at(tmp_path: Path) -> None:
    """Names with a dot before them, and files that hold no items by their names, are neither read nor noted."""
    put(tmp_path / "a.json", item("a"))
    put(tmp_path / ".b.json", item("b"))
    put(tmp_path / ".checkpoints/c.json", item("c"))
    for name in ("README.md", "B04.tif", "x.zip", "y.gz", "z"):
        (tmp_path / name).touch()
    ids, failures, summary = await ingest(tmp_path)
    assert (ids, failures, summary.notes) == (["a"], [], [])


async def test_a_collection_folder_reads_what_lies_beside_its_items(tmp_path: Path) -> None:
    """With items/ alone that is the source; with items elsewhere too, or only elsewhere, all of the folder is."""
    put(tmp_path / "collection.json", COLLECTION)
    put(tmp_path / "2024/a.json", item("a"))
    assert (await ingest(tmp_path))[0] == ["a"]
    put(tmp_path / "items/b.json", item("b"))
    assert (await ingest(tmp_path))[0] == ["a", "b"]
    assert (await ingest(tmp_path, source_type="collection"))[0] == ["b"]
    (tmp_path / "2024/a.json").unlink()
    ids, _, summary = await ingest(tmp_path)
    assert (ids, summary.notes) == (["b"], [])


async def test_a_collection_document_beside_tables_is_noted(tmp_path: Path) -> None:
    """The usual folder of STAC-GeoParquet: the table is read, and the document is named."""
    put(tmp_path / "collection.json", COLLECTION)
    put(tmp_path / "items.parquet", item("a"))
    ids, failures, summary = await ingest(tmp_path)
    assert (ids, failures) == (["a"], [])
    assert "1 Collection (collection.json)" in summary.notes[0]


async def test_items_called_like_a_description_are_items(tmp_path: Path) -> None:
    """What a document is, is told by what it holds: beside a table it has to be chosen, too."""
    put(tmp_path / "catalog.json", item("a"))
    assert (await ingest(tmp_path))[0] == ["a"]
    put(tmp_path / "b.parquet", item("b"))
    with pytest.raises(ConfigurationError, match="files of several kinds"):
        await ingest(tmp_path)
    assert (await ingest(tmp_path, format="parquet"))[0] == ["b"]
    assert (await ingest(tmp_path, format="json"))[0] == ["a"]


async def test_tables_in_folders_are_read_with_their_keys(tmp_path: Path) -> None:
    """Hive folders give `collection` and properties that the rows lack."""
    put(tmp_path / "collection=c%2F1/year=2024/month=05/a.parquet", item("a"))
    put(tmp_path / "collection=d/year=2025/tile=007/b.parquet", item("b", collection="own"))
    module = IngestModule({"mode": "file", "source": str(tmp_path)})
    found = {one["id"]: one async for one in module.fetch(WorkflowContext())}
    assert found["a"]["collection"] == "c/1"
    assert found["a"]["properties"] == {"datetime": "2024-01-01T00:00:00Z", "year": 2024, "month": 5}
    assert found["b"]["collection"] == "own"
    assert found["b"]["properties"] == {"datetime": "2024-01-01T00:00:00Z", "year": 2025, "tile": "007"}


async def test_json_in_folders_with_keys_comes_as_written(tmp_path: Path) -> None:
    """Items of JSON and of lines are whole: the names of their folders add nothing to them."""
    whole, line = item("a"), item("b", collection="own")
    put(tmp_path / "collection=c/year=2024/a.json", whole)
    put(tmp_path / "collection=d/month=05/x.ndjson", line)
    module = IngestModule({"mode": "file", "source": str(tmp_path)})
    assert sorted([one async for one in module.fetch(WorkflowContext())], key=lambda one: one["id"]) == [whole, line]


@pytest.mark.parametrize(
    ("made", "table"),
    [
        (["_delta_log/00000000000000000000.json"], "Delta Lake"),
        (["metadata/v1.metadata.json", "metadata/x-m0.avro"], "Iceberg"),
        ([".hoodie/hoodie.properties"], "Hudi"),
    ],
)
async def test_the_folder_of_a_table_format_is_refused(tmp_path: Path, made: list[str], table: str) -> None:
    """Its files hold rows that don't count; the table is named above it, in its data and in a partition."""
    for name in made:
        put(tmp_path / "db/t" / name, {})
    put(tmp_path / "db/t/data/day=2024-01-01%2000%3A00/a.parquet", item("a"))
    put(tmp_path / "db/t/year=2024/month=5/a.parquet", item("a"))
    day = "data/day=2024-01-01%2000%3A00"
    within = ["data", day] if table == "Iceberg" else ["year=2024", "year=2024/month=5"]
    itself = ["."] if table == "Hudi" else []
    for source in (tmp_path / "db", *(tmp_path / "db/t" / name for name in [*itself, *within])):
        with pytest.raises(ConfigurationError, match=rf"source: .*/db/t is a table of {table}.*give that"):
            await ingest(source)


async def test_a_folder_called_metadata_is_no_table(tmp_path: Path) -> None:
    """Items may lie in one, be called like a table's metadata, and have escapes in their names."""
    put(tmp_path / "metadata/a.metadata.json", item("a"))
    put(tmp_path / "x%20y=1%2F2/b.json", item("b"))
    assert (await ingest(tmp_path))[0] == ["a", "b"]


def looked(folder: Path) -> Survey:
    return survey(folder, kind_name)


def test_a_folder_of_files_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files it has, a flat folder is listed by one call, and no file is looked at by itself."""
    for number in range(300):
        (tmp_path / f"{number}.json").touch()
    calls: list[str] = []
    for name in ("listdir", "scandir", "lstat"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *of, name=name, real=real: calls.append(name) or real(*of))
    assert looked(tmp_path).names["json_files"].count == 300
    assert calls == ["listdir"]


def test_many_names_of_other_kinds_are_listed_with_their_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Assets beside items cost a second listing, and not a look at each."""
    for number in range(300):
        (tmp_path / f"{number}.json").touch()
        (tmp_path / f"{number}.tif").touch()
    put(tmp_path / "x/a.json", item("a"))
    stats: list[object] = []
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda *of, **more: stats.append(of) or real(*of, **more))
    assert looked(tmp_path).names["json_files"].count == 301
    assert len(stats) < 20


def test_a_folder_that_can_not_be_entered_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be listed is named; everything else is found."""
    put(tmp_path / "a.json", item("a"))
    put(tmp_path / "b/b.json", item("b"))
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: real(path / "none" if path.name == "b" else path))
    found = looked(tmp_path)
    assert list(found.names["json_files"].result()) == ["a.json"]
    assert [refused.name for refused in found.refused] == ["b"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a.json", "b.parquet"], "json_files"),
        (["x/a.json", "b.ndjson"], "json_files"),
        (["x/y/a.ndjson"], "ndjson"),
        (["x/a.parquet", "collection.json"], "geoparquet"),
        (["x/a.jsonl", "catalog.json"], "ndjson"),
        (["catalog.json"], "json_files"),
        ([".a.json", "b.parquet"], "geoparquet"),
        ([], "json_files"),
    ],
)
def test_the_kind_of_a_folder(tmp_path: Path, names: list[str], kind: str) -> None:
    """What a folder is follows from the names in it and below; a catalog's document says nothing of it."""
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert kind_of(str(tmp_path)).name == kind
