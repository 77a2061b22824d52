"""Keys in the names of folders."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.sources.hive import NUMBERS, fill, keys_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("a.parquet", {}),
        ("x/year=2024/a=b.parquet", {"year": 2024}),
        ("year=02024/month=05/day=1", {"year": 2024, "month": 5}),
        ("tile=007/year=recent/a", {"tile": "007", "year": "recent"}),
        ("a=__HIVE_DEFAULT_PARTITION__/b=/=c/d=e=f/x", {"b": "", "d": "e=f"}),
    ],
)
def test_which_keys_a_path_has(path: str, keys: dict[str, Any]) -> None:
    """Folders have them and the file's own name has none; parts of a date are numbers, all else is text."""
    assert keys_of(path) == keys


@given(key=TEXT.filter(lambda key: key not in NUMBERS), value=TEXT)
def test_escapes_are_undone(key: str, value: str) -> None:
    """Whatever is in a key or a value, its escaped form gives it back."""
    assert keys_of(f"{quote(key, safe='')}={quote(value, safe='')}/a") == {key: value}


def test_what_is_there_stays() -> None:
    """Only what an item lacks, or has as null, is filled in; a row that is no item gets members."""
    keys = {"collection": "c", "year": 2024, "tile": "7"}
    item = {"type": "Feature", "id": "a", "collection": None, "properties": {"year": 1999, "tile": None}}
    assert fill(item, keys) == {
        "type": "Feature",
        "id": "a",
        "collection": "c",
        "properties": {"year": 1999, "tile": "7"},
    }
    assert fill({"id": "a", "year": 1}, keys) == {"id": "a", "year": 1, "collection": "c", "tile": "7"}
