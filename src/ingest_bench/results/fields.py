"""What each field of a stored record is: its type, unit and meaning, read from the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from ingest_bench.results.models import Record


@dataclass(frozen=True, slots=True)
class Documented:
    """A field of a record."""

    name: str
    type: str
    """As a reader of JSON knows it: `number`, `list of Cell`, `text or null`."""
    unit: str | None
    meaning: str


@cache
def fields(model: type[Record]) -> dict[str, Documented]:
    """List the fields of a model, in their order."""
    properties = model.model_json_schema()["properties"]
    return {
        name: Documented(name, _type(schema), _unit(schema), schema.get("description", ""))
        for name, schema in properties.items()
    }


def nested(model: type[Record]) -> list[type[Record]]:
    """List a model and those that its fields hold, in the order in which a reader meets them."""
    held = [kind for field in model.model_fields.values() for kind in _records(field.annotation)]
    return list(dict.fromkeys([model, *(inner for kind in held for inner in nested(kind))]))


def _records(annotation: Any) -> Iterator[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        yield annotation
    for inner in get_args(annotation):
        yield from _records(inner)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = {"string": "text", "boolean": "true or false", "integer": "whole number"}.get(schema["type"], schema["type"])
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(kind)


def _unit(schema: Mapping[str, Any]) -> str | None:
    units = [part.get("unit") for part in (schema, *schema.get("anyOf", ()))]
    return next((unit for unit in units if unit), None)
