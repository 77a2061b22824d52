"""Tables of Delta Lake and Iceberg as sources, written by their own libraries: current rows only, or a refusal."""

from __future__ import annotations

import datetime as dt
import json
import math
import shutil
import struct
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from stac_ingest import ConfigurationError, DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.cli.main import COMPLETE, INCOMPLETE, main
from stac_ingest.lakes.delta import open_table
from stac_ingest.lakes.iceberg import open_table as open_iceberg
from stac_ingest.lakes.iceberg import table_in

POINT = shapely.to_wkb(shapely.Point(1, 2))


def rows(*ids: str, collection: str = "c", **more: Any) -> pa.Table:
    """Make rows of items, as users write them: no metadata, geometries as Well-Known Binary."""
    count = len(ids)
    columns: dict[str, Any] = {"id": list(ids), "collection": [collection] * count, "geometry": [POINT] * count}
    columns["datetime"] = pa.array([1_700_000_000_000_000] * count, pa.timestamp("us", "UTC"))
    columns["assets"] = [{"data": {"href": f"{item_id}.tif"}} for item_id in ids]
    return pa.table(columns | {name: pa.array([value] * count) for name, value in more.items()})


async def read(source: Path | str, **more: Any) -> tuple[dict[str, dict[str, Any]], IngestModule, WorkflowContext]:
    module, context = IngestModule({"mode": "file", "source": str(source), **more}), WorkflowContext()
    items = [item async for item in module.fetch(context)]
    assert len({item["id"] for item in items}) == len(items)
    return {item["id"]: item for item in items}, module, context


@pytest.fixture
def iceberg(tmp_path: Path) -> Iterator[Table]:
    """Make an Iceberg table of three items in `t`."""
    catalog = SqlCatalog("stac", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("stac")
    made = rows("a", "b", "c")
    table = catalog.create_table("stac.items", made.schema, location=f"file://{tmp_path}/t")
    table.append(made)
    yield table
    catalog.close()


async def test_current_rows_of_a_delta_table(tmp_path: Path) -> None:
    """What was deleted or replaced doesn't come; a column of partitions and one that came later do, under any name."""
    folder = tmp_path / "with 4% #é"
    write_deltalake(folder.as_uri(), rows("a", "b", "c"), partition_by="collection")
    write_deltalake(
        folder.as_uri(), rows("d", collection="d/1", n=1), mode="append", schema_mode="merge", partition_by="collection"
    )
    table = DeltaTable(folder.as_uri())
    table.delete("id = 'b'")
    table.update({"datetime": "to_timestamp('2025-01-01T00:00:00Z')"}, predicate="id = 'c'")
    found, module, context = await read(folder)
    assert sorted(found) == ["a", "c", "d"]
    assert context.failure_collector.get_all() == []
    assert {item_id: item["collection"] for item_id, item in found.items()} == {"a": "c", "c": "c", "d": "d/1"}
    assert found["c"]["properties"] == {"datetime": "2025-01-01T00:00:00Z"}
    assert found["d"]["properties"]["n"] == 1
    assert found["a"]["geometry"] == {"type": "Point", "coordinates": [1.0, 2.0]}
    assert "version 3 of the Delta table was read: its current rows, 3 in number" in module.summary.notes
    assert sorted((await read(folder / "_delta_log"))[0]) == ["a", "c", "d"]
    assert list((await read(folder, collection_id="d/1"))[0]) == ["d"]
    assert list((await read(folder, datetime="2025"))[0]) == ["c"]


async def test_a_path_that_deltalake_takes_for_another_is_refused(tmp_path: Path) -> None:
    """The table of the folder `A` isn't read for that of `%41`."""
    write_deltalake(tmp_path / "A", rows("a"))
    shutil.copytree(tmp_path / "A", tmp_path / "%41")
    with pytest.raises(DataProcessingError, match="rename the folder"):
        await read(tmp_path / "%41")


def bitmap(deleted: list[int]) -> str:
    """Write numbers of rows as Delta Lake keeps them in its log: a 64-bit Roaring bitmap, in Z85."""
    few = struct.pack("<IIHHI", 12346, 1, 0, len(deleted) - 1, 16) + b"".join(struct.pack("<H", row) for row in deleted)
    data = struct.pack("<IQI", 1681511377, 1, 0) + few
    data += b"\0" * (-len(data) % 4)
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    words = struct.unpack(f">{len(data) // 4}I", data)
    return "".join(digits[word // 85**power % 85] for word in words for power in range(4, -1, -1))


def commit(folder: Path, *actions: dict[str, Any]) -> None:
    """Add a version to a Delta table's log."""
    log = folder / "_delta_log"
    number = len(list(log.glob("*.json")))
    (log / f"{number:020}.json").write_text("".join(f"{json.dumps(action)}\n" for action in actions))


def added(folder: Path) -> dict[str, Any]:
    text = (folder / "_delta_log" / f"{0:020}.json").read_text()
    return next(action["add"] for line in text.splitlines() if "add" in (action := json.loads(line)))


async def test_rows_that_a_deletion_vector_deletes_do_not_come(tmp_path: Path) -> None:
    """The file still holds them; the count of the table is one without them."""
    write_deltalake(tmp_path / "t", rows(*"abcdef"))
    add = added(tmp_path / "t")
    feature = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    vector = {"storageType": "i", "pathOrInlineDv": bitmap([1, 3]), "sizeInBytes": 38, "cardinality": 2}
    remove = {"path": add["path"], "deletionTimestamp": 1, "dataChange": True, "size": add["size"]}
    commit(
        tmp_path / "t",
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **feature}},
        {"remove": remove},
        {"add": {**add, "deletionVector": vector}},
    )
    found, module, context = await read(tmp_path / "t")
    assert sorted(found) == ["a", "c", "e", "f"]
    assert context.failure_collector.get_all() == []
    assert any("current rows, 4 in number" in note for note in module.summary.notes)


def test_the_version_is_pinned(tmp_path: Path) -> None:
    """What is written while the table is read isn't mixed in."""
    write_deltalake(tmp_path / "t", rows("a", "b"))
    table = open_table(tmp_path / "t")
    write_deltalake(tmp_path / "t", rows("c"), mode="append")
    DeltaTable(tmp_path / "t").delete("id = 'a'")
    assert [item["id"] for item in table.items()] == ["a", "b"]


def test_the_snapshot_is_pinned(iceberg: Table, tmp_path: Path) -> None:
    """Nor is it of an Iceberg table."""
    table = open_iceberg(table_in(tmp_path / "t"), "t")
    iceberg.append(rows("d"))
    assert [item["id"] for item in table.items()] == ["a", "b", "c"]


@pytest.mark.parametrize("harm", ["a file is gone", "the log is cut", "a file is outside", "another count"])
def test_a_broken_delta_table_is_never_complete(tmp_path: Path, harm: str) -> None:
    """A file that is missing, a cut log, a file of another folder and a wrong count are told by name."""
    folder, out = tmp_path / "t", tmp_path / "out"
    write_deltalake(folder, rows("a", "b"))
    add = added(folder)
    if harm == "a file is gone":
        (folder / add["path"]).unlink()
    elif harm == "the log is cut":
        write_deltalake(folder, rows("c"), mode="append")
        log = folder / "_delta_log" / f"{1:020}.json"
        log.write_text(log.read_text()[:-40])
    elif harm == "a file is outside":
        shutil.move(folder / add["path"], tmp_path / "other.parquet")
        commit(folder, {"add": {**add, "path": f"file://{tmp_path}/other.parquet"}})
    else:
        commit(folder, {"add": {**add, "stats": '{"numRecords": 3}'}})
    assert main([str(folder), "--to", "ndjson", "--output", str(out)]) in (INCOMPLETE, 3)
    assert json.loads((out / "certificate.json").read_text())["verdict"] == "truncated"


async def test_a_delta_table_of_other_things_says_what_it_is(tmp_path: Path) -> None:
    """Features without ids are refused by what they are."""
    write_deltalake(tmp_path / "t", rows("a").drop_columns(["id", "collection"]))
    with pytest.raises(DataProcessingError, match="not of STAC items: it has no column id"):
        await read(tmp_path / "t")


async def test_current_rows_of_an_iceberg_table(iceberg: Table, tmp_path: Path) -> None:
    """After deletes, a rename and new columns, and wherever the folder is by now, the current rows come."""
    iceberg.delete("id = 'b'")
    with iceberg.update_schema() as update:
        update.rename_column("collection", "old")
        update.rename_column("id", "item")
    with iceberg.update_schema() as update:
        update.rename_column("item", "id")
        update.rename_column("old", "collection")
    with iceberg.update_schema() as update:
        update.union_by_name(rows("d", n=1).schema)
    iceberg.append(rows("d", n=1))
    (tmp_path / "t").rename(tmp_path / "moved #1")
    found, module, context = await read(tmp_path / "moved #1")
    assert sorted(found) == ["a", "c", "d"]
    assert context.failure_collector.get_all() == []
    assert found["d"]["properties"] == {"datetime": "2023-11-14T22:13:20Z", "n": 1}
    assert found["a"]["collection"] == "c"
    assert any("of the Iceberg table was read: its current rows, 3 in number" in note for note in module.summary.notes)


async def test_an_earlier_document_is_its_own_table(iceberg: Table, tmp_path: Path) -> None:
    """A document that is given is taken as it is; the folder is its newest."""
    before = iceberg.metadata_location.rpartition("/")[2]
    iceberg.append(rows("d"))
    assert sorted((await read(tmp_path / "t" / "metadata" / before))[0]) == ["a", "b", "c"]
    assert sorted((await read(tmp_path / "t" / "metadata"))[0]) == ["a", "b", "c", "d"]


async def test_a_table_of_a_catalog(iceberg: Table, tmp_path: Path) -> None:
    """The catalog is given by its properties, and the table by its name; one on another machine isn't asked unasked."""
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db", "name": "stac"}
    assert sorted((await read("stac.items", iceberg_catalog=catalog))[0]) == ["a", "b", "c"]
    with pytest.raises(DataProcessingError, match="does not exist"):
        await read("stac.others", iceberg_catalog=catalog)
    with pytest.raises(ConfigurationError, match="--allow-remote"):
        await read("stac.items", iceberg_catalog={"type": "rest", "uri": "http://127.0.0.1:9"})


@pytest.mark.parametrize("harm", ["a file is gone", "a list is cut", "two are newest", "a file is outside"])
def test_a_broken_iceberg_table_is_never_complete(iceberg: Table, tmp_path: Path, harm: str) -> None:
    """Missing and cut files, doubt about the newest document and files of other folders are told."""
    folder, out = tmp_path / "t", tmp_path / "out"
    newest = Path(iceberg.metadata_location.removeprefix("file://"))
    if harm == "a file is gone":
        next((folder / "data").glob("*.parquet")).unlink()
    elif harm == "a list is cut":
        listed = next((folder / "metadata").glob("snap-*.avro"))
        listed.write_bytes(listed.read_bytes()[:-20])
    elif harm == "two are newest":
        shutil.copy(newest, newest.with_name(f"{newest.name[:6]}other.metadata.json"))
    else:
        (folder / "data").rename(tmp_path / "elsewhere")
        (folder / "data").symlink_to(tmp_path / "elsewhere")
    assert main([str(folder), "--to", "ndjson", "--output", str(out)]) in (INCOMPLETE, 3)
    assert json.loads((out / "certificate.json").read_text())["verdict"] == "truncated"


async def test_a_folder_of_two_tables_is_refused(iceberg: Table, tmp_path: Path) -> None:
    """Which one is meant is said by the folder of its history."""
    write_deltalake(tmp_path / "t", rows("x"))
    with pytest.raises(ConfigurationError, match="a table of Delta Lake and Iceberg"):
        await read(tmp_path / "t")
    assert list((await read(tmp_path / "t" / "_delta_log"))[0]) == ["x"]
    assert sorted((await read(tmp_path / "t" / "metadata"))[0]) == ["a", "b", "c"]


def test_files_beside_a_table_are_none_of_it(tmp_path: Path) -> None:
    """What lies in the folder and isn't in the log was left by a writer that failed."""
    write_deltalake(tmp_path / "t", rows("a"))
    (tmp_path / "t" / "b.json").write_text(json.dumps({"type": "Feature", "id": "b", "properties": {}}))
    assert main([str(tmp_path / "t"), "--to", "ndjson", "--output", str(tmp_path / "out")]) == COMPLETE
    assert json.loads((tmp_path / "out" / "items.ndjson").read_text())["id"] == "a"


@pytest.mark.parametrize("name", ["delta", "iceberg"])
def test_values_of_other_types(iceberg: Table, tmp_path: Path, name: str) -> None:
    """Decimals, dates and maps come in the forms that JSON has; NaN is named as changed, and nulls aren't there."""
    more = {
        "price": pa.array([Decimal("12.50"), None], pa.decimal128(10, 2)),
        "day": pa.array([dt.date(2024, 5, 1), None]),
        "wrong": pa.array([math.nan, 1.5]),
        "tags": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        "raw": pa.array([b"\x01", None], pa.binary()),
    }
    table = rows("x", "y")
    for column, values in more.items():
        table = table.append_column(column, values)
    if name == "delta":
        write_deltalake(tmp_path / "values", table)
    else:
        made = iceberg.catalog.create_table("stac.values", table.schema, location=f"file://{tmp_path}/values")
        made.append(table)
    out = tmp_path / "out"
    assert main([str(tmp_path / "values"), "--to", "ndjson", "--output", str(out)]) == COMPLETE
    found = [json.loads(line)["properties"] for line in (out / "items.ndjson").read_text().splitlines()]
    time = {"datetime": "2023-11-14T22:13:20Z"}
    assert found == [
        {**time, "price": 12.5, "day": "2024-05-01", "tags": {"a": 1}, "raw": "01"},
        {**time, "wrong": 1.5},
    ]
    said = json.loads((out / "certificate.json").read_text())
    assert (said["verdict"], said["changed_items"]) == ("complete with changes", 1)
    assert json.loads((out / "notes.ndjson").read_text())["member"] == "properties.wrong"
