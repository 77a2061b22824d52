"""A column of properties beside others: which values are alike, and which give way."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from stac_ingest.geoparquet.properties_column import with_properties
from stac_ingest.geoparquet.row_codegen import ColumnSet
from stac_ingest.geoparquet.row_template import Altered


def clashes(beside: Any, inside: Any) -> list[Altered]:
    """Merge one row whose column `p` and object differ, and return what gave way."""
    found: list[Altered] = []
    items = list(
        with_properties(
            iter([{"id": "a", "properties": {"p": beside}}]),
            pa.array([json.dumps({"p": inside})]),
            ColumnSet(1, ("id", "properties")),
            found,
        )
    )
    assert items == [{"id": "a", "properties": {"p": inside}}]
    return found


@pytest.mark.parametrize(
    ("beside", "inside"),
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00.000+01:00"),
        ("2024-01-01T00:00:00.123456700Z", "2024-01-01t00:00:00.1234567z"),
        ("2024-01-01T00:00:00", "2024-01-01 00:00:00.0"),
        (1, 1.0),
        (True, True),
    ],
)
def test_another_way_to_write_a_value_is_no_clash(beside: Any, inside: Any):
    """One instant or number, written in two ways, is one value."""
    assert clashes(beside, inside) == []


@pytest.mark.parametrize(
    ("beside", "inside"),
    [
        ("2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.1234569Z"),
        ("20240101", "2024-01-01"),
        ("2024-01-01T00:00:00", "2024-01-01T00:00:00Z"),
        ("2024-13-01T00:00:00Z", "2024-13-01T00:00:00.0Z"),
        (True, 1),
        ([{"a": [0]}], [{"a": [False]}]),
    ],
)
def test_another_value_is_named(beside: Any, inside: Any):
    """A value that gives way is named, where a seventh digit differs, dates look alike, or true stands for 1."""
    (clash,) = clashes(beside, inside)
    assert clash.member == "properties.p"
