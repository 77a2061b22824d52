"""NaN and the infinities, which JSON has no number for: found, replaced and named."""

from __future__ import annotations

import marshal
import math
from typing import Any

_ENDS = (b"\xf8\x7f", b"\xf0\x7f", b"\xf8\xff", b"\xf0\xff")
"""The last two bytes of NaN and the infinities, with either sign."""
_NODATA = "nodata"


def may_not_be_finite(value: Any) -> bool:
    """Tell whether there may be NaN or an infinity in a value; False is sure. It costs a tenth of a look at each."""
    try:
        held = marshal.dumps(value, 2)
    except ValueError:
        return True
    return any(end in held for end in _ENDS)


def is_finite(value: Any) -> bool:
    """Tell whether there is neither NaN nor an infinity in a value, for sure."""
    return not may_not_be_finite(value) or not with_finite_numbers({"value": value})[1]


def with_finite_numbers(item: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Replace the numbers that JSON has no form for.

    Args:
        item: stays as it is.

    Returns:
        The item without them, and where each was, as `properties.x`, with what became of it in words. A `nodata` is a
        text, as the raster extension has it; any other member is left out, and an element of a list is null.

    """
    changes: list[tuple[str, str]] = []
    finite: dict[str, Any] = _finite(item, "", changes)
    return finite, changes


def _finite(value: Any, place: str, changes: list[tuple[str, str]]) -> Any:
    if isinstance(value, dict):
        members = {
            name: _finite(member, f"{place}.{name}" if place else name, changes) for name, member in value.items()
        }
        return {name: member for name, member in members.items() if member is not None or value[name] is None}
    if isinstance(value, list):
        return [_finite(member, place, changes) for member in value]
    if not isinstance(value, float) or math.isfinite(value):
        return value
    if place.rpartition(".")[2] == _NODATA:
        changes.append((place, f'{value} is not a number in JSON: written as the text "{value}"'))
        return str(value)
    changes.append((place, f"{value} is not a number in JSON: left out"))
    return None
