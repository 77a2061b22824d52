"""Tables of items to lines of JSON: the same as by way of objects, or the batch isn't taken."""

from __future__ import annotations

import asyncio
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rustac
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from any_rows import assert_lines, batch_of, lines_and_items, shapes
from ingest_bench.writer_table.arrow_types import retyped
from ingest_bench.writer_table.writers import TYPES, table_of
from stac_ingest.geoparquet import text_pool
from stac_ingest.geoparquet.decoder import Decoder
from stac_ingest.geoparquet.json_lines import json_lines

BOX = {"xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.0}


def lines_of(table: pa.Table | pa.RecordBatch, rows: int = 1_000) -> list[bytes]:
    """Check that a table's lines are those of its items, and return them; none of a batch that isn't taken."""
    decoder = Decoder(table.schema)
    batches = pa.table(table).to_batches(rows)
    return [line for batch in batches for line in assert_lines(batch, decoder)]


@settings(max_examples=40, deadline=None)
@given(items=collections(), kind=st.sampled_from(["plain", *TYPES]), data=st.data())
def test_tables_of_any_types(items: list[dict[str, Any]], kind: str, data: st.DataObject) -> None:
    """Lines are to the byte what orjson makes of the decoder's items, whatever Arrow types hold them."""
    table = table_of(
        items,
        times=data.draw(st.sampled_from(["instants", "text"])),
        box=data.draw(st.sampled_from(["sides", "list"])),
    )
    file = BytesIO()
    pq.write_table(table if kind == "plain" else retyped(table, kind), file)
    assert len(lines_of(pq.read_table(file), data.draw(st.integers(1, 4)))) == len(items)


def by_rustac(items: list[dict[str, Any]], path: Path) -> None:
    for item in items:
        item["geometry"] = item["geometry"] or {"type": "Point", "coordinates": [0.5, 1.5]}
        item["properties"]["datetime"] = item["properties"]["datetime"] or "2020-01-01T00:00:00Z"
        item["assets"] = item["assets"] or {"first": {"href": "a"}}

    async def write() -> None:
        await rustac.write(str(path), items)

    asyncio.run(write())


@settings(max_examples=15, deadline=None)
@given(items=collections().map(lambda items: items[:1]))
def test_tables_of_rustac(items: list[dict[str, Any]]) -> None:
    """Files of rustac's are taken."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        by_rustac(items, path)
        assert len(lines_of(pq.read_table(path))) == 1


@settings(max_examples=60, deadline=None)
@given(binary=st.lists(shapes(), min_size=1, max_size=8), more=st.lists(shapes(), min_size=8, max_size=8))
def test_geometries_of_all_kinds(binary: list[bytes | None], more: list[bytes | None]) -> None:
    """Geometries, also beside each other and as a property, are written with the numbers that items have."""
    rows = [
        {"id": str(number), "geometry": shape, "proj:geometry": other}
        for number, (shape, other) in enumerate(zip(binary, more, strict=False))
    ]
    kinds = {"geometry": pa.binary(), "proj:geometry": pa.binary()}
    assert len(lines_of(batch_of(rows, kinds))) == len(rows)


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(
        st.none()
        | st.fixed_dictionaries(
            {name: st.none() | st.sampled_from([1.0, -0.5, 1e16, float("nan")]) for name in BOX},
            optional={name: st.none() | st.just(7.0) for name in ("zmin", "zmax")},
        ),
        min_size=1,
        max_size=4,
    )
)
def test_boxes_with_and_without_heights(boxes: list[Any]) -> None:
    """A box is written with the sides that the item's has; where a side is missing the batch isn't taken."""
    sides = ["xmin", "ymin", "zmin", "xmax", "ymax", "zmax"] if any("zmin" in (box or {}) for box in boxes) else BOX
    kind = pa.struct([(side, pa.float64()) for side in sides])
    lines_of(batch_of([{"id": str(number), "bbox": box} for number, box in enumerate(boxes)], {"bbox": kind}))


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": None}],
        [{"type": "Catalog"}],
        [{"geometry": b"no"}],
        [{"gsd": float("nan")}],
        [{"raster": [{"nodata": float("inf")}]}],
        [{"bbox": {**BOX, "xmin": None}}],
    ],
    ids=str,
)
def test_what_is_rejected_or_altered_is_not_taken(rows: list[dict[str, Any]]) -> None:
    """A batch with a row that is no item, or a value that comes otherwise than it is stored, goes the safe way."""
    batch = batch_of([{"id": "sound"}, *rows])
    lines, items = lines_and_items(batch, Decoder(batch.schema))
    assert (lines, items) == (None, None)


@pytest.mark.parametrize(
    "batch",
    [
        batch_of([{}]).drop_columns(["geometry"]),
        batch_of([{"properties": {"a": 1}}]),
        batch_of([{"id": 7}]),
        batch_of([{"id": "a"}]).set_column(
            0, "id", pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array([None], pa.string()))
        ),
    ],
    ids=["no items", "properties in a column", "an id that is a number", "an id that is null in a dictionary"],
)
def test_tables_of_another_kind_are_not_taken(batch: pa.RecordBatch) -> None:
    """Rows that aren't items, and items whose properties are merged, go the safe way."""
    assert json_lines(batch, Decoder(batch.schema)) is None


def test_no_rows_are_not_taken() -> None:
    """Of an empty batch there is nothing to make."""
    batch = batch_of([{"links": []}]).slice(1)
    assert json_lines(batch, Decoder(batch.schema)) is None


@settings(max_examples=20, deadline=None)
@given(picked=st.lists(st.integers(0, 9), max_size=5), rows=st.integers(1, 12))
def test_parts_and_single_rows_have_the_same_lines(picked: list[int], rows: int) -> None:
    """Rows are put together in parts, alone and in any order, as they are all at once."""
    batch = batch_of([{"id": f"é{n}", "title": '"' * n, "deep": {"a": n % 2 or None}} for n in range(10)])
    made = json_lines(batch, Decoder(batch.schema))
    assert made is not None
    whole = list(map(bytes, made.lines()))
    assert [bytes(line) for part in made.parts(rows) for line in part.lines()] == whole
    assert max(map(len, made.parts(rows))) <= rows
    assert list(map(bytes, made.take(picked).lines())) == [whole[number] for number in picked]
    last = made.parts(rows)[-1]
    assert list(map(bytes, last.take([len(last) - 1]).lines())) == whole[-1:]


def test_a_slice_of_a_batch_has_its_own_lines() -> None:
    """Rows that begin in the middle of their columns' buffers are written like any other."""
    rows = [
        {"id": f"é{n}", "flag": n % 3 == 0 or None, "n": n, "deep": [{"a": n % 2 or None}] * (n % 4), "text": f'"{n}'}
        for n in range(40)
    ]
    batch = batch_of(rows)
    whole = lines_of(batch)
    assert whole[11:30] == lines_of(batch.slice(11, 19))


def test_each_number_of_a_column_is_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls don't grow with the rows: what a row costs is the bytes of its texts alone."""
    calls = list[int]()
    dumps = text_pool.orjson.dumps
    monkeypatch.setattr(text_pool.orjson, "dumps", lambda *args, **options: calls.append(1) or dumps(*args, **options))
    counts = []
    for rows in (10, 1_000):
        calls.clear()
        batch = batch_of([{"id": str(n), "x": n + 0.5, "n": n, "shape": [n, 2]} for n in range(rows)])
        assert json_lines(batch, Decoder(batch.schema)) is not None
        counts.append(len(calls))
    assert counts[0] == counts[1]
