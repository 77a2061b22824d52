"""Batches and single items: one source, two ways through it, and the same items, failures and counts from both."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_items import collections
from ingest_bench.writer_table.rows import flat
from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.errors import IngestError

ODD = [
    b'{"type":"Feature","id":"long","properties":{"n":123456789012345678901234567890}}',
    b'{"type":"Feature","id":"nan","properties":{"n":NaN}}',
    b'{"type":"Feature","id":"twice","properties":{"n":1,"n":2}}',
    b'{"id":"untyped","geometry":null,"properties":{}}',
    b'{"type":"Catalog","id":"catalog"}',
    b'{"type":"Feature","id":7}',
    b'{"type":"Feature"',
    b'{"type":"FeatureCollection","features":[{"type":"Feature","id":"inner"},{"id":1}]}',
    b"[]",
    b"null",
]
ODD_ROWS: dict[str, dict[str, Any]] = {
    "no id": {},
    "no text": {"id": ""},
    "catalog": {"id": "catalog", "type": "Catalog"},
    "blob": {"id": "blob", "geometry": b"none"},
    "nan": {"id": "nan", "gsd": float("nan")},
    "null": {"id": "null"},
}
Compared = tuple[list[str], list[tuple[str, str]], dict[str, Any], str]


def by_items(module: IngestModule, context: WorkflowContext) -> list[Any]:
    async def gather() -> list[Any]:
        return [item async for item in module.fetch(context)]

    return asyncio.run(gather())


def by_rows(*, as_lines: bool) -> Callable[[IngestModule, WorkflowContext], list[Any]]:
    def read(module: IngestModule, context: WorkflowContext) -> list[Any]:
        async def gather() -> list[Any]:
            found: list[Any] = []
            async for rows in module.fetch_rows(context, as_lines=as_lines):
                lines = rows.lines()
                found += rows.items() if lines is None else map(json.loads, map(bytes, lines))
                assert [key[1] for key in rows.keys] == [item["id"] for item in found[-len(rows.keys) :]]
            return found

        return asyncio.run(gather())

    return read


def ingested(source: Path, read: Callable[[IngestModule, WorkflowContext], list[Any]], **more: Any) -> Compared:
    """Read a source one way; return items, failures, counts, and the error that ended it."""
    context, said = WorkflowContext(), ""
    module = IngestModule({"mode": "file", "source": str(source), "exact_numbers": True, **more})
    items: list[Any] = []
    try:
        items = read(module, context)
    except IngestError as error:
        said = str(error)
    failures = sorted((failure.item_id, str(failure.error)) for failure in context.failure_collector.get_all())
    summary = module.summary
    counts = {
        name: getattr(summary, name)
        for name in ("items", "duplicates", "failures", "passed_over", "notes", "bytes_read")
    }
    return sorted(repr(item) for item in items), failures, counts | {"repeated": summary.changes.repeated}, said


def assert_same(source: Path, **more: Any) -> None:
    expected = ingested(source, by_items, **more)
    assert ingested(source, by_rows(as_lines=True), **more) == expected
    assert ingested(source, by_rows(as_lines=False), **more) == expected


plain = st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "id": st.sampled_from(["a", "b", "c", "\u00e9"]),
        "properties": st.fixed_dictionaries({"n": st.sampled_from([1, 1.5, None, 10**18, "1", [], {}])}),
    },
    optional={"collection": st.sampled_from(["c", "d", None])},
)
texts = st.lists(
    st.one_of(
        st.sampled_from(ODD),
        plain.map(orjson.dumps),
        plain.map(lambda item: json.dumps(item, indent=1).encode()),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(texts)
def test_folders_of_files_come_the_same_both_ways(tmp_path_factory: pytest.TempPathFactory, found: list[bytes]) -> None:
    """A folder gives the same items, failures, duplicates and notes in batches as item by item."""
    folder = tmp_path_factory.mktemp("folder")
    for number, text in enumerate(found):
        (folder / f"{number:03}.json").write_bytes(text)
    assert_same(folder)


@settings(max_examples=50)
@given(texts)
def test_lines_come_the_same_both_ways(tmp_path_factory: pytest.TempPathFactory, found: list[bytes]) -> None:
    """A file of lines does, blank lines and a text of another kind among them included."""
    path = tmp_path_factory.mktemp("lines") / "items.ndjson"
    path.write_bytes(b"\n \n".join(text.replace(b"\n", b" ") for text in found))
    assert_same(path)


@settings(max_examples=50)
@given(texts)
def test_documents_come_the_same_both_ways(tmp_path_factory: pytest.TempPathFactory, found: list[bytes]) -> None:
    """A FeatureCollection does, whatever its members are."""
    path = tmp_path_factory.mktemp("document") / "items.json"
    path.write_bytes(b'{"type":"FeatureCollection","features":[' + b",".join(found) + b"]}")
    assert_same(path)


@settings(max_examples=20, deadline=None)
@given(tables=st.lists(collections(), min_size=1, max_size=3), odd=st.sets(st.sampled_from(sorted(ODD_ROWS))))
def test_tables_come_the_same_both_ways(
    tmp_path_factory: pytest.TempPathFactory, tables: list[list[dict[str, Any]]], odd: set[str]
) -> None:
    """A Parquet file does, with rows among them that are no items, or that come otherwise than they are stored."""
    path = tmp_path_factory.mktemp("table") / "items.parquet"
    rows = [ODD_ROWS[name] for name in sorted(odd)] + [flat(item) for items in tables for item in items]
    schema = {"id": pa.string(), "geometry": pa.binary(), "datetime": pa.timestamp("us", "UTC"), "gsd": pa.float64()}
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in schema.items()}
    pq.write_table(pa.table({**columns, "type": [row.get("type", "Feature") for row in rows]}), path, row_group_size=2)
    assert_same(path)


@pytest.mark.parametrize("limit", [1, 63, 64, 65, 130, 199])
def test_a_limit_holds_to_the_item_in_batches(tmp_path: Path, limit: int) -> None:
    """`max_items` gives just so many items in batches too."""
    for number in range(200):
        (tmp_path / f"{number:03}.json").write_bytes(b'{"type":"Feature","id":"%d"}' % number)
    found = ingested(tmp_path, by_rows(as_lines=True), max_items=limit)
    assert len(found[0]) == found[2]["items"] == limit
    assert Counter(found[0]).most_common(1)[0][1] == 1


def test_a_large_document_comes_in_batches(tmp_path: Path) -> None:
    """What an output takes at once is bounded, however many items a document has."""
    path = tmp_path / "items.json"
    path.write_bytes(orjson.dumps([{"type": "Feature", "id": f"{number}"} for number in range(2500)]))

    async def sizes() -> list[int]:
        module = IngestModule({"mode": "file", "source": str(path)})
        return [len(rows.keys) async for rows in module.fetch_rows(WorkflowContext(), as_lines=True)]

    assert asyncio.run(sizes()) == [1000, 1000, 500]
