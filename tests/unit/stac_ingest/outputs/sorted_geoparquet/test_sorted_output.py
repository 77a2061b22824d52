"""The sorted table as a whole: what goes in comes out, and where it lies."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.checkpoints.journal import Journal
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.geoparquet.stac_schema import layout_of
from stac_ingest.module import IngestModule
from stac_ingest.outputs import GeoParquetOutput, make_output, read_output
from stac_ingest.outputs.sorted_geoparquet import lay_out
from stac_ingest.pipeline import run_pipeline

NAME = "sorted-geoparquet"


def item(number: int, **more: Any) -> dict[str, Any]:
    x, y = -179.0 + number * 7 % 350, -80.0 + number * 11 % 160
    ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]
    made = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": f"i{number:05d}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [x, y, x + 1, y + 1],
        "properties": {"datetime": f"202{number % 3}-0{number % 9 + 1}-01T00:00:00.250Z", "n": number + 0.5},
        "links": [{"rel": "self", "href": f"https://a.example.com/{number}"}],
        "assets": {"a": {"href": "a.tif"}},
        "collection": "c",
    }
    return made | more


def write(folder: Path, items: Sequence[dict[str, Any]], context: WorkflowContext | None = None, **wanted: Any) -> Any:
    async def run() -> Any:
        output, ctx = make_output(NAME, folder, wanted), context or WorkflowContext()
        await output.start(ctx)
        try:
            for one in items:
                await output.bundle(one, ctx)
            return await output.finalize(ctx)
        finally:
            await output.close()

    return asyncio.run(run())


def read(folder: Path, **settings: Any) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        module = IngestModule({"mode": "file", "source": str(folder), "format": "parquet", **settings})
        return [one async for one in module.fetch(WorkflowContext())]

    return sorted(asyncio.run(run()), key=lambda one: str(one["id"]))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("partition", ["none", "year", "month"])
def test_items_come_back_as_they_went_in(tmp_path: Path, partition: str) -> None:
    """The key, the boxes beside the items' own and the folders are no part of an item, for either of our readers."""
    items = [item(n) for n in range(400)] + [item(400, bbox=[179.5, 0.0, -179.5, 1.0])]
    manifest = write(tmp_path, items, partition=partition, row_group_items=50)
    assert manifest["items"] == len(items)
    assert read(tmp_path) == items
    assert sorted(read_output(NAME, tmp_path), key=lambda one: one["id"]) == items
    assert manifest["paths"] == [str(tmp_path / name) for name in names(tmp_path)]
    assert manifest["bytes"] == sum((tmp_path / name).stat().st_size for name in names(tmp_path))


@settings(max_examples=10, deadline=None)
@given(st.lists(collections(), min_size=1, max_size=3), st.sampled_from(["none", "year", "month"]))
def test_any_items_come_back_as_from_an_unsorted_table(
    tmp_path_factory: Any, batches: list[list[dict[str, Any]]], partition: str
) -> None:
    """Whatever the items, the sorted table holds what the unsorted one holds, once each."""
    folder = tmp_path_factory.mktemp("any")
    for number, items in enumerate(batches):
        for place, one in enumerate(items):
            one["id"] = f"{number}-{place}"
    everything = [one for items in batches for one in items]

    async def unsorted() -> None:
        output, ctx = GeoParquetOutput(folder / "unsorted"), WorkflowContext()
        for one in everything:
            await output.bundle(one, ctx)
        await output.finalize(ctx)

    asyncio.run(unsorted())
    write(folder / "sorted", everything, partition=partition, row_group_items=2)
    expected = sorted(read_output("geoparquet", folder / "unsorted"), key=lambda one: str(one["id"]))
    assert sorted(read_output(NAME, folder / "sorted"), key=lambda one: str(one["id"])) == expected


def test_parts_of_unlike_types_become_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that is whole here and text there, or in some parts alone, keeps its values."""
    monkeypatch.setattr(lay_out, "WAITING_BYTES", 20_000)
    items = [item(n) for n in range(120)]
    for n, one in enumerate(items):
        one["properties"]["mixed"] = n if n < 40 else "text" if n < 80 else {"deep": [n]}
        if n >= 80:
            one["properties"]["late"] = 0.5
    folder = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            GeoParquetOutput.__init__, "__kwdefaults__", {"row_group_items": 20, "part_items": 40, "on_part": None}
        )
        write(folder, items, row_group_items=10)
    assert read(folder) == items


def test_a_property_with_the_name_of_the_key_is_kept(tmp_path: Path) -> None:
    """The column of keys takes another name where items have a property that is called so."""
    items = [item(n) for n in range(5)]
    for one in items:
        one["properties"] |= {
            "spatiotemporal_key": "mine",
            "geometry_bbox": "too",
            "rank": 1,
            "year": 1066,
            "month": 10,
        }
    items[0]["bbox"] = [179.5, 0.0, -179.5, 1.0]
    write(tmp_path, items, partition="month")
    assert read(tmp_path) == items
    schema = pq.read_schema(tmp_path / "year=2020/month=01/part-00000.parquet")
    assert "spatiotemporal_key_" in schema.names


def test_properties_with_the_names_of_folders_are_beside_what_the_folders_say(tmp_path: Path) -> None:
    """DuckDB and PyArrow find an item in the folder of its month, and its own `year` and `month` in other columns."""
    items = [item(n) for n in range(4)]
    for one in items:
        one["properties"] |= {"year": 1066, "month": "October"}
    write(tmp_path, items, partition="month")
    found = ds.dataset(tmp_path, partitioning="hive").to_table(filter=(ds.field("year") == 2021)).to_pylist()
    assert [(row["id"], row["month"], row["properties.year"]) for row in found] == [("i00001", 2, 1066)]
    rows = duckdb.sql(f"""SELECT id, "properties.month" FROM '{tmp_path}/**/*.parquet' WHERE month = '02'""")
    assert rows.fetchall() == [("i00001", "October")]
    assert read(tmp_path) == items


@pytest.mark.parametrize("crossing", [0, 1])
def test_all_files_have_the_same_columns(tmp_path: Path, crossing: int) -> None:
    """Readers that take the columns of the first file for those of all read a table with boxes in some files alone."""
    items = [item(n) for n in range(2)]
    items[crossing]["bbox"] = [179.5, 0.0, -179.5, 1.0]
    write(tmp_path, items, partition="year")
    found = [pq.read_schema(tmp_path / name) for name in names(tmp_path)]
    assert [one.remove_metadata() for one in found] == [found[0].remove_metadata()] * 2
    rows = duckdb.sql(f"SELECT geometry_bbox IS NULL FROM '{tmp_path}/**/*.parquet' ORDER BY id").fetchall()
    assert rows == [(number != crossing,) for number in range(2)]
    assert read(tmp_path) == items


def test_rows_are_in_the_order_of_their_keys(tmp_path: Path) -> None:
    """The keys are a column, in order; what has no place is at the end and has none."""
    items = [item(n) for n in range(300)] + [item(300 + n, geometry=None, bbox=None) for n in range(3)]
    for one in items[300:]:
        del one["bbox"]
    write(tmp_path, items)
    table = pq.read_table(tmp_path / "part-00000.parquet")
    keys = table["spatiotemporal_key"].to_pylist()
    assert keys[:300] == sorted(keys[:300])
    assert keys[300:] == [None] * 3
    assert {text[:4] for text in table["id"].to_pylist()[300:]} == {"i003"}


def test_what_is_near_is_together(tmp_path: Path) -> None:
    """Of many row groups a small box meets few, by the statistics that any reader has."""
    write(tmp_path, [item(n) for n in range(3000)], row_group_items=100)
    with pq.ParquetFile(tmp_path / "part-00000.parquet") as file:
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        index = {groups[0].column(n).path_in_schema: n for n in range(groups[0].num_columns)}

        def side(group: Any, name: str, end: str) -> float:
            return float(getattr(group.column(index[f"bbox.{name}"]).statistics, end))

        def meets(group: Any, x: float, y: float) -> bool:
            return bool(
                side(group, "xmin", "min") <= x + 1
                and side(group, "xmax", "max") >= x
                and side(group, "ymin", "min") <= y + 1
                and side(group, "ymax", "max") >= y
            )

        met = [sum(meets(group, x, y) for group in groups) for x in range(-170, 170, 20) for y in range(-70, 70, 20)]
    assert sum(met) / len(met) < len(groups) / 6


def test_items_without_a_time_have_a_folder(tmp_path: Path) -> None:
    """The start of an interval stands in for a missing time, and what has neither is in the folder for nothing."""
    items = [item(0), item(1), item(2)]
    items[1]["properties"] = {
        "datetime": None,
        "start_datetime": "2022-11-30T23:59:59Z",
        "end_datetime": "2023-02-01T00:00:00Z",
    }
    items[2]["properties"] = {"datetime": None}
    write(tmp_path, items, partition="month")
    nothing = "__HIVE_DEFAULT_PARTITION__"
    assert {name.rpartition("/")[0] for name in names(tmp_path)} == {
        "year=2020/month=01",
        "year=2022/month=11",
        f"year={nothing}/month={nothing}",
    }
    assert read(tmp_path) == items


def test_every_file_has_a_covering(tmp_path: Path) -> None:
    """Items over the antimeridian, or without a box, are in a file with boxes of its own, which never hide them."""
    items = [item(n) for n in range(20)] + [item(20, bbox=[179.5, 0.0, -179.5, 1.0]), item(21)]
    del items[-1]["bbox"]
    write(tmp_path, items)
    found = {}
    for name in names(tmp_path):
        table = pq.read_table(tmp_path / name)
        covering = json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]["covering"]["bbox"]["xmin"][0]
        found[name] = (covering, table.num_rows)
    assert found == {"part-00000.parquet": ("bbox", 20), "part-00001.parquet": ("geometry_bbox", 2)}
    boxes = pq.read_table(tmp_path / "part-00001.parquet").to_pylist()
    around = next(row["geometry_bbox"] for row in boxes if row["id"] == "i00020")
    assert (around["xmin"], around["xmax"]) == (-180.0, 180.0)
    assert layout_of(pq.read_schema(tmp_path / "part-00001.parquet")).added == ("spatiotemporal_key", "geometry_bbox")


def test_documents_of_collections_are_in_each_file(tmp_path: Path) -> None:
    """What the source knows of its collections is in the metadata, by the specification."""
    documents = {"c": {"type": "Collection", "id": "c", "description": "ü"}}
    write(tmp_path, [item(n) for n in range(4)], WorkflowContext(collections=documents), partition="year")
    for name in names(tmp_path):
        about = json.loads(pq.read_schema(tmp_path / name).metadata[b"stac-geoparquet"])
        assert about == {"version": "1.1.0", "collections": documents}


def test_a_search_leaves_out_what_lies_beside_it(tmp_path: Path) -> None:
    """Our own reader finds what a search of all items finds, and reads few row groups for it."""
    items = [item(n) for n in range(1000)]
    write(tmp_path, items, row_group_items=50)
    box = [10.0, 10.0, 11.0, 11.0]
    summary = IngestModule({"mode": "file", "source": str(tmp_path), "format": "parquet", "bbox": box})

    async def run() -> list[str]:
        return [one["id"] async for one in summary.fetch(WorkflowContext())]

    found = asyncio.run(run())
    expected = [
        one["id"]
        for one in items
        if one["bbox"][0] <= 11 and one["bbox"][2] >= 10 and one["bbox"][1] <= 11 and one["bbox"][3] >= 10
    ]
    assert sorted(found) == sorted(expected)
    left_out = int(summary.summary.notes[0].split()[1])
    assert left_out >= 15


def journal(folder: Path, *, resume: bool) -> Journal:
    return Journal(NAME, "items", folder / ".checkpoints", resume=resume)


class Stopped(Exception):  # noqa: N818 - as a kill, it is no error of the output
    """Ends a run where a kill would."""


@pytest.mark.parametrize("step", range(1, 7))
def test_who_is_stopped_while_sorting_sorts_again(tmp_path: Path, step: int) -> None:
    """Every item is completed before, so the next run is given none of them and still ends with all in the table."""
    items = [item(n) for n in range(90)]
    left = step

    def on_step(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Stopped

    records = journal(tmp_path, resume=False)
    context = WorkflowContext(checkpoints=records, on_step=on_step)
    try:
        write(tmp_path, items, context, row_group_items=30, partition="year")
    except Stopped:
        assert not [name for name in names(tmp_path) if not name.startswith(".")]
    records.close()
    records = journal(tmp_path, resume=True)
    assert records.completed_count == len(items)
    manifest = write(tmp_path, [], WorkflowContext(checkpoints=records), partition="year", row_group_items=30)
    records.close()
    assert manifest["items"] == len(items)
    assert read(tmp_path) == items
    assert not (tmp_path / ".sorting").exists()


def test_more_items_are_sorted_into_the_table(tmp_path: Path) -> None:
    """A run that goes on with a finished one adds what is new, and makes other folders where these are wanted."""
    items = [item(n) for n in range(90)]
    for some, partition in ((items[:60], "none"), (items[60:], "none"), ([], "month"), ([], "month")):
        records = journal(tmp_path, resume=(tmp_path / ".checkpoints").exists())
        manifest = write(tmp_path, some, WorkflowContext(checkpoints=records), partition=partition)
        records.close()
        assert manifest["items"] == records.completed_count
        assert Counter(one["id"] for one in read(tmp_path)) == Counter(one["id"] for one in items[: manifest["items"]])
    assert all("/" in name for name in names(tmp_path) if name.endswith(".parquet"))


def test_an_earlier_table_is_not_written_over(tmp_path: Path) -> None:
    """A run that begins afresh refuses a folder with a table, and one that misses a file of it says so."""
    records = journal(tmp_path, resume=False)
    write(tmp_path, [item(n) for n in range(9)], WorkflowContext(checkpoints=records), partition="year")
    records.close()
    with pytest.raises(ConfigurationError, match="of an earlier run"):
        write(tmp_path, [item(1)])
    (tmp_path / "year=2020/part-00000.parquet").unlink()
    records = journal(tmp_path, resume=True)
    with pytest.raises(ConfigurationError, match="start again"):
        write(tmp_path, [], WorkflowContext(checkpoints=records))
    records.close()


def test_a_part_that_was_damaged_is_named(tmp_path: Path) -> None:
    """A part that can't be read any more ends the run with its name, and the table isn't touched."""
    records = journal(tmp_path, resume=False)

    def damage(_: str) -> None:
        part = tmp_path / ".sorting/part-00000.parquet"
        part.write_bytes(part.read_bytes()[:200])

    context = WorkflowContext(checkpoints=records, on_step=damage)
    with pytest.raises(DataProcessingError, match=r"part-00000\.parquet"):
        write(tmp_path, [item(n) for n in range(9)], context)
    records.close()


def test_an_empty_run_makes_no_table(tmp_path: Path) -> None:
    """Without items nothing is left but the folder."""
    assert write(tmp_path, [])["paths"] == []
    assert names(tmp_path) == []
    assert not (tmp_path / ".sorting").exists()


def test_wrong_settings_are_named() -> None:
    """A setting that isn't known, or has no such value, is refused, as is one of an output that has none."""
    with pytest.raises(ConfigurationError, match="partition"):
        make_output(NAME, "unused", {"partition": "week"})
    with pytest.raises(ConfigurationError, match="row_group_items"):
        make_output(NAME, "unused", {"row_group_items": 0})
    with pytest.raises(ConfigurationError, match="takes no settings"):
        make_output("ndjson", "unused", {"partition": "month"})


async def test_a_run_of_the_pipeline_says_how_far_it_is(tmp_path: Path) -> None:
    """Sorting is told in steps, with counts."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.ndjson").write_text("\n".join(json.dumps(item(n)) for n in range(30)))
    said: list[str] = []
    context = WorkflowContext(on_step=said.append)
    output = make_output(NAME, tmp_path / "out")
    await run_pipeline(IngestModule({"mode": "file", "source": str(source)}), [], output, context)
    assert said[-1] == "sorting: 30 of 30 items written"


DOCUMENT = {"type": "Collection", "id": "c", "description": "ü", "links": [], "extent": {}, "license": "other"}


@pytest.mark.parametrize("kind", ["beside the items", "in the folder of items", "a catalog", "a table"])
def test_the_document_of_a_collection_is_kept(tmp_path: Path, kind: str) -> None:
    """Wherever a source comes across it, it is in the files at the end, after a kill too."""
    source = tmp_path / "in"
    folder = source / "items" if kind == "beside the items" else source
    folder.mkdir(parents=True)
    document = DOCUMENT
    if kind == "a catalog":
        document = DOCUMENT | {"links": [{"rel": "item", "href": f"./{n}.json"} for n in range(9)]}
    if kind == "a table":
        write(folder, [item(n) for n in range(9)], WorkflowContext(collections={"c": DOCUMENT}))
    else:
        for n in range(9):
            (folder / f"{n}.json").write_text(json.dumps(item(n)))
        (source / "collection.json").write_text(json.dumps(document))

    async def run(records: Journal, *, killed: bool) -> None:
        def on_step(_: str) -> None:
            if killed:
                raise Stopped

        output = make_output(NAME, tmp_path / "out")
        context = WorkflowContext(checkpoints=records, on_step=on_step)
        await run_pipeline(IngestModule({"mode": "file", "source": str(source)}), [], output, context)

    records = journal(tmp_path / "out", resume=False)
    with pytest.raises(Stopped):
        asyncio.run(run(records, killed=True))
    records.close()
    records = journal(tmp_path / "out", resume=True)
    asyncio.run(run(records, killed=False))
    records.close()
    about = json.loads(pq.read_schema(tmp_path / "out/part-00000.parquet").metadata[b"stac-geoparquet"])
    assert about["collections"] == {"c": document}


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "Collection"}',
        '{"type": "Collection", "id": 3}',
        '{"type": "Collection", "id": "c", "x": NaN}',
        "[",
        "",
    ],
)
def test_a_document_that_no_metadata_can_hold_is_left_out(tmp_path: Path, text: str) -> None:
    """What is broken beside the items, or has no id, is no part of the metadata, and the items come."""
    (tmp_path / "in/items").mkdir(parents=True)
    (tmp_path / "in/items/a.json").write_text(json.dumps(item(1)))
    (tmp_path / "in/collection.json").write_text(text)
    context = WorkflowContext()

    async def run() -> int:
        source = {"mode": "file", "source": str(tmp_path / "in"), "source_type": "collection"}
        return len([one async for one in IngestModule(source).fetch(context)])

    assert asyncio.run(run()) == 1
    assert context.collections == {}
