"""Values as JSON text in a column."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

JSON = pa.json_()
"""Arrow's own type for JSON text: readers that don't know it have a text, and ours have the value again."""

_LONG = re.compile(r"\d{19}")


def json_column(values: Sequence[Any]) -> pa.Array:
    """Make a column of JSON; None is a null."""
    texts = [None if value is None else json_text(value) for value in values]
    return pa.ExtensionArray.from_storage(JSON, pa.array(texts, pa.string()))


def json_text(value: Any) -> str:
    """Give a value as JSON, integers of any size included.

    Raises:
        TypeError, ValueError: it holds something that JSON can't.

    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # integers of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_json_text(text: str) -> Any:
    """Give the value of JSON text; where it isn't JSON, it is a text like any other."""
    try:
        # orjson makes floats of integers that need more than 64 bits.
        return json.loads(text) if _LONG.search(text) else orjson.loads(text)
    except ValueError:
        return text
