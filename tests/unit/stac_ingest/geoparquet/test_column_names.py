"""Names of columns: those that every reader looks for, and others where two values would share one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stac_ingest.geoparquet.stac_schema import PLACES_KEY, layout_of
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part

PLAIN = {"type": "Feature", "geometry": None, "links": [], "assets": {"data": {"href": "x"}}}


def item(name: str, members: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """Make an item with members beside the core ones."""
    return {**PLAIN, "id": name, "collection": "c", "properties": {"datetime": None, **properties}, **(members or {})}


def columns_of(path: Path, *batches: list[dict[str, Any]]) -> list[str]:
    """Write a file, check that it reads as it was written, and name its columns but for those of a plain item."""
    with GeoParquetWriter(path) as writer:
        for batch in batches:
            writer.write(batch)
    assert list(read_part(path)) == [one for batch in batches for one in batch]
    return sorted({*pq.read_schema(path).names} - {*PLAIN, "id", "collection", "datetime"})


def test_members_beside_the_core_ones_are_columns(tmp_path: Path) -> None:
    """`renders` has a column of its name, as stac-geoparquet gives it, and is no property when it is read."""
    assert columns_of(tmp_path / "a", [item("a", {"renders": {"x": 1}}, gsd=1)]) == ["gsd", "renders"]


@pytest.mark.parametrize("split", [True, False])
def test_a_member_and_a_property_of_one_name_are_kept_apart(tmp_path: Path, split: bool) -> None:
    """The property has the column of the name, whichever came first; an item may have both."""
    items = [item("a", {"title": "member"}), item("b", {"title": "m"}, title=5)]
    assert columns_of(tmp_path / "a", *([items[:1], items[1:]] if split else [items])) == ["item.title", "title"]


def test_properties_named_like_members_are_kept(tmp_path: Path) -> None:
    """No such item is refused, whether the property says the same as the member or not."""
    odd = dict.fromkeys(("id", "type", "collection", "stac_version", "properties", "geometry"), "x")
    more = {"bbox": [1, 2], "links": [{"rel": "self"}], "assets": {"a": 1}}
    columns = columns_of(tmp_path / "a", [item("a", **odd, **more), item("b", collection="c")])
    assert columns == sorted(f"properties.{name}" for name in (*odd, *more))


def test_names_of_ours_may_be_names_of_properties(tmp_path: Path) -> None:
    """A property called as our column would be keeps its name, and ours is another."""
    columns = columns_of(
        tmp_path / "a", [item("a", {"title": 1}, id="x", title=2, **{"properties.id": 3, "item.title": 4})]
    )
    assert columns == ["item.title", "item.title_", "properties.id", "properties.id_", "title"]


def test_nobody_has_assets(tmp_path: Path) -> None:
    """A column of nothing is none that other readers understand: there is no `assets`, and empty ones stay empty."""
    bare = [{**item("a"), "assets": {}}]
    assert columns_of(tmp_path / "a", bare) == ["item.assets"]
    assert "assets" not in pq.read_schema(tmp_path / "a").names
    del bare[0]["assets"]
    assert columns_of(tmp_path / "b", bare) == []


def test_empty_lists_have_the_types_that_readers_expect(tmp_path: Path) -> None:
    """Extensions are texts and links are objects, in a file whose items have none as well."""
    assert columns_of(tmp_path / "a", [{**item("a"), "stac_extensions": []}]) == ["stac_extensions"]
    schema = pq.read_schema(tmp_path / "a")
    assert schema.field("stac_extensions").type == pa.list_(pa.string())
    assert schema.field("links").type.value_type.names == ["href", "rel"]


@pytest.mark.parametrize(
    "metadata",
    [
        "{",
        "[]",
        '{"places": []}',
        '{"places": {"nowhere": ["x"]}}',
        '{"places": {"x": "gsd"}}',
        '{"places": {"x": [1]}}',
        '{"places": {"x": []}}',
        '{"places": {"x": ["id"]}}',
        '{"places": {"x": ["properties"]}}',
        '{"places": {"x": ["assets", "data"]}}',
        '{"places": {"x": ["properties", "a", "b"]}}',
    ],
)
def test_metadata_of_strangers_move_no_column_to_where_none_may_be(metadata: str) -> None:
    """Places that aren't one, columns that aren't there and the item's id are left alone, whatever a file says."""
    schema = pa.schema(
        [("id", pa.string()), ("geometry", pa.binary()), ("links", pa.list_(pa.string())), ("x", pa.int64())]
    )
    layout = layout_of(schema.with_metadata({PLACES_KEY: metadata}))
    assert layout is not None
    assert (dict(layout.places), layout.properties) == ({}, ("x",))
    assert layout.is_ours == isinstance(json.loads(metadata) if metadata != "{" else None, dict)
