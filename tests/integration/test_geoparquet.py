"""STAC-GeoParquet both ways, with rustac as the second opinion."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rustac
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.core.id_set import key_of
from stac_ingest.errors import ItemError
from stac_ingest.geoparquet import batch_size
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.sources import geoparquet as source

Item = dict[str, Any]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
keys = st.sampled_from(["eo:cloud_cover", "Foo", "foo", 'a "b"', "proj:shape", "x'y", "select", "gsd", "ünï"])
values = st.one_of(
    st.integers(-(2**40), 2**40),
    numbers,
    words,
    st.booleans(),
    st.lists(st.integers(-9, 9), max_size=3),
    st.fixed_dictionaries({"lat": numbers}, optional={"lon": numbers}),
)
positions = st.tuples(numbers, numbers).map(list)
rings = st.lists(positions, min_size=3, max_size=6).map(lambda ring: [*ring, ring[0]])
geometries = st.one_of(
    st.none(),
    positions.map(lambda position: {"type": "Point", "coordinates": position}),
    st.tuples(numbers, numbers, numbers).map(lambda position: {"type": "Point", "coordinates": list(position)}),
    rings.map(lambda ring: {"type": "Polygon", "coordinates": [ring]}),
    st.lists(rings, min_size=1, max_size=3).map(
        lambda parts: {"type": "MultiPolygon", "coordinates": [[ring] for ring in parts]}
    ),
)
instants = st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(1970, 1, 1)).map(dt.datetime.isoformat)  # noqa: DTZ001
assets = st.dictionaries(
    st.sampled_from(["B01", "visual", "thumbnail"]),
    st.fixed_dictionaries({"href": words}, optional={"title": words, "roles": st.lists(words, min_size=1, max_size=2)}),
    max_size=3,
)
links = st.lists(st.fixed_dictionaries({"rel": words, "href": words}, optional={"title": words}), max_size=2)


@st.composite
def stac_items(draw: st.DrawFn, kinds: dict[str, Any]) -> Item:
    """Draw an item whose properties have, for each key, the kind that `kinds` says."""
    properties = {key: draw(kind) for key, kind in kinds.items() if draw(st.booleans())}
    item: Item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": draw(words),
        "geometry": draw(geometries),
        "links": draw(links),
        "assets": draw(assets),
        "properties": {"datetime": draw(st.none() | instants), **properties},
    }
    if item["geometry"] is not None:
        item["bbox"] = [0.5, 1.5, 2.5, 3.5]
    if draw(st.booleans()):
        item["collection"] = "c"
    return item


VALUE_KINDS = [st.integers(-(2**40), 2**40), numbers, words, st.booleans(), st.lists(st.integers(-9, 9), max_size=3)]


@st.composite
def collections(draw: st.DrawFn) -> list[Item]:
    """Draw items that agree on the kind of each property."""
    kinds = {key: draw(st.sampled_from(VALUE_KINDS)) for key in draw(st.sets(keys, max_size=4))}
    # What comes twice is read once.
    return draw(st.lists(stac_items(kinds), min_size=1, max_size=6, unique_by=key_of))


def as_rustac_can(items: list[Item]) -> list[Item]:
    """Give each item what rustac 0.9.18 needs: a geometry without heights, an asset, an instant (null becomes now)."""
    for item in items:
        if item["geometry"] and item["geometry"]["type"] == "Point":
            item["geometry"]["coordinates"] = item["geometry"]["coordinates"][:2]
        item["geometry"] = item["geometry"] or {"type": "Point", "coordinates": [0.5, 1.5]}
        item["assets"] = item["assets"] or {"B01": {"href": "a"}}
        item["properties"]["datetime"] = item["properties"]["datetime"] or "2020-01-01T00:00:00Z"
    return items


def comparable(value: Any) -> Any:
    """Make alike what a table can't tell apart: absent, null and empty; an instant however it is written."""
    if isinstance(value, dict):
        return {key: comparable(member) for key, member in value.items() if comparable(member) not in (None, [], {})}
    if isinstance(value, list | tuple):
        return [comparable(member) for member in value]
    if isinstance(value, str) and STAMP.fullmatch(value):
        return dt.datetime.fromisoformat(value)
    return value


async def read(path: Path, context: WorkflowContext | None = None, **options: Any) -> list[Item]:
    module = IngestModule({"mode": "file", "source": str(path), **options})
    return [item async for item in module.fetch(context or WorkflowContext())]


def write(path: Path, items: Sequence[Item], row_group_items: int = 5000) -> Path:
    with GeoParquetWriter(path, row_group_items) as writer:
        for item in items:
            writer.write([item])
    return path


@settings(max_examples=25, deadline=None)
@given(items=collections(), rows=st.integers(1, 4))
async def test_what_is_written_is_read(items: list[Item], rows: int) -> None:
    """Items come back from a file of ours as they went in, but for nulls, whatever they have."""
    with TemporaryDirectory() as folder:
        got = await read(write(Path(folder) / "items.parquet", items, rows))
    assert comparable(got) == comparable(items)


@settings(max_examples=25, deadline=None)
@given(items=collections().map(as_rustac_can))
async def test_rustac_reads_our_files_alike(items: list[Item]) -> None:
    """Rustac finds in a file of ours what our own reader finds."""
    with TemporaryDirectory() as folder:
        path = write(Path(folder) / "items.parquet", items)
        assert comparable(await read(path)) == comparable((await rustac.read(str(path)))["features"])


@settings(max_examples=25, deadline=None)
@given(items=collections().map(as_rustac_can))
async def test_we_read_rustac_files_alike(items: list[Item]) -> None:
    """We find in a file of rustac's what rustac finds."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "items.parquet"
        await rustac.write(str(path), items)
        theirs = (await rustac.read(str(path)))["features"]
        assert [polygons_as_multi(item) for item in comparable(await read(path))] == [
            polygons_as_multi(item) for item in comparable(theirs)
        ]


def polygons_as_multi(item: Item) -> Item:
    """Make every Polygon a MultiPolygon, as rustac 0.9.18 does when it reads a file whose metadata name both."""
    shape = item["geometry"]
    if shape["type"] == "Polygon":
        return {**item, "geometry": {"type": "MultiPolygon", "coordinates": [shape["coordinates"]]}}
    return item


def example(name: str, **properties: Any) -> Item:
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
        "bbox": [1.5, 2.5, 1.5, 2.5],
        "links": [],
        "assets": {"data": {"href": "a"}},
        "properties": {"datetime": "2023-05-06T10:20:31.024Z", **properties},
    }


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("s", 0, "1970-01-01T00:00:00Z"),
        ("ms", 24, "1970-01-01T00:00:00.024Z"),
        ("ms", 1000, "1970-01-01T00:00:01Z"),
        ("us", 1, "1970-01-01T00:00:00.000001Z"),
        ("us", 20_000, "1970-01-01T00:00:00.020Z"),
        ("ns", 1, "1970-01-01T00:00:00.000000001Z"),
        ("ns", 20_000_000, "1970-01-01T00:00:00.020Z"),
        ("ns", 1_000_000_000, "1970-01-01T00:00:01Z"),
        ("ns", 1_500_000, "1970-01-01T00:00:00.001500Z"),
    ],
)
async def test_instants_have_no_superfluous_digits(tmp_path: Path, unit: str, value: int, text: str) -> None:
    """An instant of any unit reads as RFC 3339 in UTC with three, six or nine digits, or none."""
    table = pq.read_table(write(tmp_path / "a.parquet", [example("a")]))
    stamp = pa.array([value], pa.timestamp(unit, "Europe/Rome"))
    pq.write_table(
        table.set_column(table.schema.get_field_index("datetime"), "datetime", stamp), tmp_path / "b.parquet"
    )
    (item,) = await read(tmp_path / "b.parquet")
    assert item["properties"]["datetime"] == text


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (pa.map_(pa.string(), pa.int64()), [[("k", 1)]], {"k": 1}),
        (pa.decimal128(5, 2), [Decimal("1.25")], 1.25),
        (pa.float32(), [0.5], 0.5),
        (pa.struct([("at", pa.timestamp("ms", "UTC"))]), [{"at": 24}], {"at": "1970-01-01T00:00:00.024Z"}),
        (pa.binary(), [b"\x01"], "01"),
        (pa.dictionary(pa.int8(), pa.string()), ["x"], "x"),
        (pa.date32(), [dt.date(2023, 1, 2)], "2023-01-02"),
        (pa.large_string(), ["x"], "x"),
        (pa.string_view(), ["x"], "x"),
        (pa.struct([("a", pa.string_view()), ("b", pa.list_(pa.string_view()))]), [{"a": "x"}], {"a": "x"}),
        (pa.list_(pa.float64(), 2), [[1.0, 2.5]], [1.0, 2.5]),
        (pa.large_list(pa.int64()), [[1, None]], [1, None]),
        (pa.time32("ms"), [dt.time(1, 2, 3)], "01:02:03"),
        (pa.duration("s"), [dt.timedelta(seconds=3)], 3.0),
        (pa.duration("ns"), [3_000_000_001], 3.000000001),
        (pa.uint64(), [2**64 - 1], 2**64 - 1),
        (pa.struct([("A", pa.int64()), ("a", pa.int64())]), [{"A": 1, "a": 2}], {"A": 1, "a": 2}),
    ],
)
async def test_unusual_types_read_as_json_has_them(
    tmp_path: Path, kind: pa.DataType, values: list[Any], expected: Any
) -> None:
    """A property of a type that items seldom have still comes as a JSON value."""
    table = pq.read_table(write(tmp_path / "a.parquet", [example("a")]))
    column = (
        pa.array(values, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(values, kind)
    )
    pq.write_table(table.append_column("odd", column), tmp_path / "b.parquet")
    (item,) = await read(tmp_path / "b.parquet")
    assert item["properties"]["odd"] == expected


@pytest.mark.parametrize("at_once", [1, 2, 9])
async def test_types_that_change_come_back(tmp_path: Path, at_once: int) -> None:
    """What is of one type in one item and of another in the next reads as it was, at whatever depth it changes."""
    bands = [[{"nodata": 0}], [{"nodata": "nan"}]]
    items = [
        example("a", odd=1, deep={"u": {"v": 1}}, large=2**63),
        example("b", odd={"x": 1}, deep={"u": {"v": "s", "w": 1}}, large=0.5),
        example("c", odd="text", deep={"u": {"w": 2}}, flag=True),
        example("d", odd=[1, "two"], flag=1, mixed=[1.5]),
        example("e", mixed=["s"]) | {"assets": {"data": {"href": "a", "raster:bands": bands[0], "n": 1}}},
        example("f", mixed=[]) | {"assets": {"data": {"href": "a", "raster:bands": bands[1], "n": 1.5}}},
    ]
    path = tmp_path / "a.parquet"
    with GeoParquetWriter(path, 2) as writer:
        for start in range(0, len(items), at_once):
            writer.write(items[start : start + at_once])
    assert await read(path) == items
    assert len((await rustac.read(str(path)))["features"]) == len(items)


async def test_proj_geometry_is_a_geometry(tmp_path: Path) -> None:
    """`proj:geometry` is stored as Well-Known Binary, as its readers expect, and comes back as GeoJSON."""
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    shapes = [{"type": "Polygon", "coordinates": [ring]}, {"type": "MultiPolygon", "coordinates": [[ring], [ring]]}]
    items = [example(str(number), **{"proj:geometry": shape}) for number, shape in enumerate(shapes)]
    path = write(tmp_path / "a.parquet", [*items, example("none")])
    assert pq.read_schema(path).field("proj:geometry").type == pa.binary()
    assert await read(path) == [*items, example("none")]
    theirs = (await rustac.read(str(path)))["features"]
    assert [item["properties"].get("proj:geometry") for item in theirs] == [*shapes, None]


async def test_a_broken_geometry_costs_one_item(tmp_path: Path) -> None:
    """A row whose geometry isn't Well-Known Binary is a failure; the others come."""
    table = pq.read_table(write(tmp_path / "a.parquet", [example("a"), example("b"), example("c")]))
    shapes = table["geometry"].to_pylist()
    shapes[1] = b"no geometry"
    position = table.schema.get_field_index("geometry")
    pq.write_table(table.set_column(position, "geometry", pa.array(shapes)), tmp_path / "b.parquet")
    context = WorkflowContext()
    assert [item["id"] for item in await read(tmp_path / "b.parquet", context)] == ["a", "c"]
    assert len(context.failure_collector.get_all()) == 1


@pytest.mark.parametrize("options", [{}, {"concurrency": 2}, {"concurrency": 5, "worker_strategy": "queue"}])
async def test_a_directory_of_unlike_files(tmp_path: Path, options: dict[str, Any]) -> None:
    """Files of different schemas are read side by side; a truncated one is a failure, and the others come."""
    write(tmp_path / "a.parquet", [example(f"a{number}", gsd=number) for number in range(7)], 3)
    write(tmp_path / "b.parquet", [example(f"b{number}", title="t") for number in range(5)], 2)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "c.parquet").write_bytes(whole[:-20])
    context = WorkflowContext()
    got = await read(tmp_path, context, **options)
    assert sorted(item["id"] for item in got) == [*(f"a{n}" for n in range(7)), *(f"b{n}" for n in range(5))]
    assert [failure.item_id for failure in context.failure_collector.get_all()] == ["c.parquet"]


async def test_other_parquet_gives_its_rows(tmp_path: Path) -> None:
    """A file that isn't STAC-GeoParquet yields its rows, nulls included, in the forms that JSON has."""
    columns = {"a": [1, 2], "at": pa.array([dt.datetime(2023, 1, 1, tzinfo=dt.UTC), None]), "raw": [b"\1", None]}
    deep = pa.array([{"x": None, "y": [None, dt.date(2023, 1, 2)]}, None])
    pq.write_table(pa.table({**columns, "deep": deep}), tmp_path / "a.parquet")
    assert await read(tmp_path / "a.parquet") == [
        {"a": 1, "at": "2023-01-01T00:00:00Z", "raw": "01", "deep": {"x": None, "y": [None, "2023-01-02"]}},
        {"a": 2, "at": None, "raw": None, "deep": None},
    ]


async def test_rows_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a row group is, no more rows than the bound are read at once, and one batch ahead."""
    monkeypatch.setattr(batch_size, "ROWS", 10)
    sizes: list[int] = []
    plain = source._batches

    def counted(*arguments: Any) -> Iterator[Any]:
        for read in plain(*arguments):
            sizes.append(read.rows.num_rows)
            yield read

    monkeypatch.setattr(source, "_batches", counted)
    path = write(tmp_path / "a.parquet", [example(str(number)) for number in range(95)])
    module = IngestModule({"mode": "file", "source": str(path)})
    count = 0
    async for _ in module.fetch(WorkflowContext()):
        count += 1
        assert sum(sizes) < count + 20
    assert count == 95
    assert max(sizes) == 10


async def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    """A directory whose every file is broken fails as a whole; zero rows are no error."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataProcessingError):
        await read(tmp_path)
    assert await read(write(tmp_path / "empty.parquet", [])) == []


async def test_a_name_that_is_not_text_breaks_its_file_alone(tmp_path: Path) -> None:
    """A column whose name isn't UTF-8 makes its file unreadable, told as such; the file beside it is read."""
    pq.write_table(pa.table({"namely": [1]}), tmp_path / "a.parquet", store_schema=False)
    broken = (tmp_path / "a.parquet").read_bytes().replace(b"namely", b"name\xa5y")
    (tmp_path / "a.parquet").write_bytes(broken)
    write(tmp_path / "b.parquet", [example("b")])
    context = WorkflowContext()
    module = IngestModule({"mode": "file", "source": str(tmp_path), "format": "parquet"})
    assert [item["id"] async for item in module.fetch(context)] == ["b"]
    assert "not a Parquet file" in str(context.failure_collector.get_all()[0].error)


@pytest.mark.parametrize(
    "wrong",
    [
        {"geometry": {"type": "Point"}},
        {"geometry": {"type": "Blob", "coordinates": [1, 2]}},
        {"bbox": [1, 2]},
        {"bbox": [1, 2, True, 4]},
        {"properties": {"datetime": "yesterday"}},
        {"properties": {"created": "2024-W01-1"}},
        {"properties": {"created": "2024-02-30T00:00:00Z"}},
        {"properties": {"updated": 5}},
        {"properties": ["x"]},
    ],
)
def test_an_item_that_does_not_fit_is_refused_whole(tmp_path: Path, wrong: Item) -> None:
    """A write with a bad item takes none of its items, says why, and spoils nothing written before."""
    with GeoParquetWriter(tmp_path / "a.parquet") as writer:
        writer.write([example("a")])
        with pytest.raises(ItemError):
            writer.write([example("b"), {**example("c"), **wrong}])
        writer.write([example("d")])
    assert pq.read_table(tmp_path / "a.parquet")["id"].to_pylist() == ["a", "d"]


def test_an_abandoned_file_leaves_nothing(tmp_path: Path) -> None:
    """A writer left by an error leaves no file, neither whole nor half."""
    with pytest.raises(LookupError), GeoParquetWriter(tmp_path / "a.parquet") as writer:  # noqa: PT012 - the writer's life
        writer.write([example("a")])
        raise LookupError
    assert list(tmp_path.iterdir()) == []
