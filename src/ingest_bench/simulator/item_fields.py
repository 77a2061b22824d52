"""What is sent of an item where a search asks for some of its fields."""

from typing import Any, TypeAlias

import orjson

_DEFAULT_FIELDS = ("type", "id", "collection", "geometry", "bbox", "links", "assets", "properties.datetime")
"""What an item has where fields are only left out, by the extension's own recommendation."""

Fields: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Those to include, and those to exclude."""


def with_fields(line: bytes | memoryview, fields: Fields) -> bytes:
    """Return an item with the fields that are included, or all usual ones, but those that are excluded."""
    item, (include, exclude) = orjson.loads(line), fields
    made: dict[str, Any] = {}
    for name in include or ("type", "id", *item, *_DEFAULT_FIELDS):
        if name in exclude:
            continue
        outer, dot, inner = name.partition(".")
        if not dot and name in item:
            made[name] = item[name]
        elif dot and isinstance(item.get(outer), dict) and inner in item[outer]:
            made[outer] = {**made.get(outer, {}), inner: item[outer][inner]}
    for name in exclude:
        outer, dot, inner = name.partition(".")
        if dot and isinstance(made.get(outer), dict):
            made[outer] = {key: value for key, value in made[outer].items() if key != inner}
    return orjson.dumps(made)
