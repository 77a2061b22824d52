"""Row groups and rows that are left out before items are made: never a wanted one, and no more read than needed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from filter_shapes import flat_boxes, item, rectangle, solid_boxes
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import IngestModule, IngestSummary, WorkflowContext
from stac_ingest.config import IngestConfig
from stac_ingest.filters.row_groups import RowGroupFilter
from stac_ingest.filters.rows import RowFilter
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sources.wanted import filter_of

YEARS = st.integers(2000, 2006).map(lambda year: f"{year}-07-01T00:00:00Z")
TIMES = st.one_of(
    YEARS.map(lambda year: {"datetime": year}),
    st.tuples(YEARS, YEARS).map(lambda pair: {"datetime": None, "start_datetime": pair[0], "end_datetime": pair[1]}),
    st.just({"datetime": None}),
)
ITEMS = st.lists(
    st.tuples(flat_boxes() | solid_boxes() | st.none(), TIMES, st.sampled_from(["c", "d", None])),
    min_size=1,
    max_size=9,
)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "bbox": flat_boxes() | solid_boxes(),
        "datetime": st.tuples(YEARS, YEARS).map(sorted).map("/".join) | YEARS,
        "collection_id": st.sampled_from(["c", "e"]),
    },
)


def read(path: Path, **wanted: Any) -> tuple[list[dict[str, Any]], IngestSummary]:
    """Ingest a table."""

    async def ingest() -> tuple[list[dict[str, Any]], IngestSummary]:
        module = IngestModule({"mode": "file", "source": str(path), **wanted})
        return [one async for one in module.fetch(WorkflowContext())], module.summary

    return asyncio.run(ingest())


def write(path: Path, items: list[dict[str, Any]], rows: int = 2) -> Path:
    """Write a table with few rows a group."""
    with GeoParquetWriter(path, rows) as writer:
        writer.write(items)
    return path


@given(ITEMS, WANTED)
@settings(max_examples=60, deadline=None)
def test_a_table_gives_what_its_items_would(described: list[Any], wanted: dict[str, Any]) -> None:
    """Whatever statistics and columns leave out, the items are those that the filter takes one by one."""
    items = [
        item(f"i{number}", box, properties=times, **({"collection": of} if of else {}))
        for number, (box, times, of) in enumerate(described)
    ]
    found = filter_of(IngestConfig(mode="file", source="x", **wanted))
    with TemporaryDirectory() as folder:
        given_items, summary = read(write(Path(folder) / "t.parquet", items), **wanted)
    expected = [one["id"] for one in items if found is None or found.matches(one)]
    assert [one["id"] for one in given_items] == expected
    assert summary.filtered == len(items) - len(expected)


@pytest.fixture(scope="module")
def sorted_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give 1,000 items, one an hour from west to east, in row groups of 50."""
    items = []
    for number in range(1000):
        west = -170 + number * 0.3
        time = f"2024-{1 + number // 84:02}-{1 + number % 84 // 3:02}T12:00:00Z"
        assets = {"b": {"href": f"https://example.com/{number:0200}.tif"}}
        items.append(item(f"i{number:04}", [west, -10, west + 1, -9], properties={"datetime": time}, assets=assets))
    return write(tmp_path_factory.mktemp("sorted") / "t.parquet", items, 50)


def test_few_row_groups_are_read_for_a_day(sorted_table: Path) -> None:
    """One of twenty row groups is opened, and a tenth of the file's bytes are read."""
    items, summary = read(sorted_table, datetime="2024-03-05")
    assert len(items) == 3
    assert summary.notes == ["skipped 19 of 20 row groups: their statistics show that no item in them is asked for"]
    assert summary.bytes_read < sorted_table.stat().st_size / 10
    assert summary.filtered == 997


def test_only_the_boxes_are_read_where_no_row_is_wanted(sorted_table: Path) -> None:
    """Statistics can't tell that no box goes round the world, and the boxes are little to read."""
    items, summary = read(sorted_table, bbox=[-20, -10, -19, -9])
    assert len(items) == 7
    groups = pq.read_metadata(sorted_table)
    boxes = sum(
        groups.row_group(number).column(index).total_compressed_size
        for number in range(groups.num_row_groups)
        for index in range(groups.num_columns)
        if groups.row_group(number).column(index).path_in_schema.startswith("bbox.")
    )
    one_group = sum(groups.row_group(10).column(index).total_compressed_size for index in range(groups.num_columns))
    assert summary.bytes_read <= boxes + 2 * one_group
    assert read(sorted_table, bbox=[0, 80, 1, 81])[1].bytes_read == 0  # latitudes have no way round


def test_a_run_without_a_filter_reads_everything(sorted_table: Path) -> None:
    """All bytes of all columns, and nothing twice."""
    items, summary = read(sorted_table)
    groups = pq.read_metadata(sorted_table)
    size = sum(
        groups.row_group(number).column(index).total_compressed_size
        for number in range(groups.num_row_groups)
        for index in range(groups.num_columns)
    )
    assert (len(items), summary.bytes_read, summary.filtered) == (1000, size, 0)


def test_an_item_across_the_antimeridian_is_in_no_group_that_is_left_out(tmp_path: Path) -> None:
    """The statistics of its row group are those of an item from far west to far east, and it is found all the same."""
    path = write(tmp_path / "t.parquet", [item("fiji", [177, -20, -178, -16]), item("mid", [0, -20, 1, -16])])
    ids = {
        tuple(box): [one["id"] for one in read(path, bbox=box)[0]]
        for box in (
            [178, -18, 179, -17],
            [-180, -18, -179, -17],
            [170, -18, -170, -17],
            [0, -18, 1, -17],
            [100, -18, 110, -17],
        )
    }
    assert list(ids.values()) == [["fiji"], ["fiji"], ["fiji"], ["mid"], []]


def table(**columns: Any) -> pa.Table:
    """Make a table of items with these columns beside the least of an item."""
    count = len(next(iter(columns.values())))
    points = [shapely.to_wkb(shapely.Point(10 * number, 10 * number)) for number in range(count)]
    plain = {"id": [f"i{number}" for number in range(count)], "assets": [None] * count, "geometry": points}
    return pa.table({**plain, **columns})


def box_column(kind: pa.DataType, boxes: list[Any]) -> pa.Array:
    """Make a column of boxes."""
    sides = ("xmin", "ymin", "xmax", "ymax")
    values = [None if box is None else dict(zip(sides, box, strict=True)) for box in boxes]
    return pa.array(values, pa.struct([(side, kind) for side in sides]))


def kept_groups(path: Path, **wanted: Any) -> list[int]:
    """List the row groups that may hold a wanted item."""
    found = filter_of(IngestConfig(mode="file", source="x", **wanted))
    assert found is not None
    with pq.ParquetFile(path) as file:
        groups = RowGroupFilter(found, file.metadata, file.schema_arrow)
        return [number for number in range(file.num_row_groups) if groups.may_match(number)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_statistics_of_instants_in_every_unit(tmp_path: Path, unit: str) -> None:
    """Only the row group of the second that is asked for is read, whatever the unit."""
    instants = pa.array([0, 1, 2, 3], pa.timestamp("s", "UTC")).cast(pa.timestamp(unit, "UTC"))
    pq.write_table(table(datetime=instants), tmp_path / "t.parquet", row_group_size=1, version="2.6")
    wanted = {"datetime": "1970-01-01T00:00:02Z"}
    assert kept_groups(tmp_path / "t.parquet", **wanted) == [2]
    assert [one["id"] for one in read(tmp_path / "t.parquet", **wanted)[0]] == ["i2"]


def test_missing_statistics_leave_nothing_out(tmp_path: Path) -> None:
    """A file without any is read whole, and its items are right."""
    boxes = box_column(pa.float64(), [[0, 0, 0, 0], [10, 10, 10, 10]])
    columns = table(bbox=boxes, collection=["c", "d"], datetime=pa.array([0, 1], pa.timestamp("s", "UTC")))
    pq.write_table(columns, tmp_path / "t.parquet", row_group_size=1, write_statistics=False)
    wanted = {"bbox": [9, 9, 11, 11], "datetime": "1970", "collection_id": "d"}
    assert kept_groups(tmp_path / "t.parquet", **wanted) == [0, 1]
    assert [one["id"] for one in read(tmp_path / "t.parquet", **wanted)[0]] == ["i1"]


def test_a_row_without_a_box_is_judged_by_its_geometry(tmp_path: Path) -> None:
    """Statistics of the other boxes in its row group don't leave it out; nor does a box that is not of numbers."""
    pq.write_table(table(bbox=box_column(pa.float64(), [[50, 0, 50, 0], None])), tmp_path / "t.parquet")
    assert [one["id"] for one in read(tmp_path / "t.parquet", bbox=[9, 9, 60, 11])[0]] == ["i1"]
    boxes = box_column(pa.float64(), [[50, 0, 50, 0], [float("nan")] * 4])
    pq.write_table(table(bbox=boxes), tmp_path / "t.parquet")
    assert [one["id"] for one in read(tmp_path / "t.parquet", bbox=[9, 0, 60, 11])[0]] == ["i0", "i1"]


def test_boxes_of_32_bits(tmp_path: Path) -> None:
    """A side that isn't a float of 32 bits is compared as the item has it, by statistics, by column and by item."""
    pq.write_table(table(bbox=box_column(pa.float32(), [[0.1, 0, 0.1, 0]])), tmp_path / "t.parquet")
    for box in ([0.1, 0, 1, 0], [0, 0, 0.1, 0]):
        assert kept_groups(tmp_path / "t.parquet", bbox=box) == [0]
        found = filter_of(IngestConfig(mode="file", source="x", bbox=box))
        assert found is not None
        rows = pq.read_table(tmp_path / "t.parquet").to_batches()[0]
        assert len(RowFilter(found, rows.schema).kept(rows)) == 1


def test_a_covering_leaves_row_groups_out(tmp_path: Path) -> None:
    """Where items have no box, what `geo` names as the covering of their geometries stands in for it."""
    cover = box_column(pa.float32(), [[10 * number] * 4 for number in range(4)])
    sides = {side: ["cover", side] for side in ("xmin", "ymin", "xmax", "ymax")}
    geo = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "covering": {"bbox": sides}}}}
    columns = table(cover=cover).replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(columns, tmp_path / "t.parquet", row_group_size=1)
    assert kept_groups(tmp_path / "t.parquet", bbox=[19, 19, 21, 21]) == [2]
    assert [one["id"] for one in read(tmp_path / "t.parquet", bbox=[19, 19, 21, 21])[0]] == ["i2"]


def test_collections_leave_row_groups_out(tmp_path: Path) -> None:
    """Bounds of the names tell; a row group with an item that says none is read."""
    columns = table(collection=["a", "b", "c", None])
    pq.write_table(columns, tmp_path / "t.parquet", row_group_size=2)
    assert kept_groups(tmp_path / "t.parquet", collection_id="b") == [0, 1]
    assert kept_groups(tmp_path / "t.parquet", collection_id="z") == [1]
    pq.write_table(columns.slice(0, 3), tmp_path / "t.parquet", row_group_size=1)
    assert kept_groups(tmp_path / "t.parquet", collection_id="b") == [1]


def test_string_views_are_filtered(tmp_path: Path) -> None:
    """Arrow itself can't filter them."""
    views = table(
        datetime=pa.array([0, 1, 2], pa.timestamp("s", "UTC")), title=pa.array(["a", "b", "c"], pa.string_view())
    )
    pq.write_table(views, tmp_path / "t.parquet")
    (one,) = read(tmp_path / "t.parquet", datetime="1970-01-01T00:00:01Z")[0]
    assert one["properties"]["title"] == "b"


def test_a_name_with_a_dot_is_not_taken_for_a_side(tmp_path: Path) -> None:
    """A column called `bbox.ymin` beside the box itself makes its statistics ambiguous, and they leave nothing out."""
    columns = table(bbox=box_column(pa.float64(), [[0, 5, 0, 5]])).append_column("bbox.ymin", pa.array([99.0]))
    pq.write_table(columns, tmp_path / "t.parquet")
    assert kept_groups(tmp_path / "t.parquet", bbox=[-1, 4, 1, 6]) == [0]


@pytest.mark.parametrize("version", ["V2", "BOTH"])
def test_geometries_of_parquets_own_type(tmp_path: Path, version: str) -> None:
    """Statistics of native geometries, which DuckDB writes, leave row groups out where items have no box."""
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "t.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'i' || n as id, NULL::varchar as assets, "
            "('POINT(' || n / 1000.0 || ' ' || n / 1000.0 || ')')::GEOMETRY as geometry from range(10000) t(n)) "
            f"to '{path}' (format parquet, row_group_size 2048, geoparquet_version '{version}')"
        )
    assert kept_groups(path, bbox=[9, 9, 11, 11]) == [4]
    assert len(read(path, bbox=[9, 9, 11, 11])[0]) == 1000


def test_a_rectangle_table_is_what_it_says(tmp_path: Path) -> None:
    """The geometry decides behind the box: one whose geometry lies elsewhere in its box isn't given."""
    far = item("far", [0, 0, 10, 10], geometry=rectangle([8, 8, 10, 10]))
    path = write(tmp_path / "t.parquet", [far, item("near", [0, 0, 10, 10])])
    assert [one["id"] for one in read(path, bbox=[0, 0, 1, 1])[0]] == ["near"]


class Contradicting:
    """Stands in for a column of another type than the schema says: asking a real one for statistics ends a process."""

    physical_type = "INT32"

    def column(self, _: int) -> Contradicting:
        """Return the column of a row group."""
        return self


def test_a_column_of_another_type_is_not_asked_for_statistics(tmp_path: Path) -> None:
    """Neither its bounds nor its nulls are looked at, and the row group is kept."""
    pq.write_table(table(datetime=pa.array([0], pa.timestamp("s", "UTC"))), tmp_path / "t.parquet")
    found = filter_of(IngestConfig(mode="file", source="x", datetime="2024"))
    assert found is not None
    with pq.ParquetFile(tmp_path / "t.parquet") as file:
        groups = RowGroupFilter(found, file.metadata, file.schema_arrow)
        assert groups._may_touch(Contradicting())
        assert not groups._may_touch(file.metadata.row_group(0))
