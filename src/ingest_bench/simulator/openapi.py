"""The OpenAPI 3.0 description of the server, generated from what it understands."""

from __future__ import annotations

from typing import Any

from ingest_bench.simulator.query_params import DEFAULT_LIMIT, NAMES
from ingest_bench.simulator.responses import GEOJSON, JSON

_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_OBJECT = {"type": "object"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "bbox": _NUMBERS,
    "collections": _TEXTS,
    "datetime": {"type": "string"},
    "ids": _TEXTS,
    "intersects": _OBJECT,
    "query": _OBJECT,
}


def describe(paging: str, max_page: int) -> dict[str, Any]:
    """Return the description.

    Args:
        paging: the name of the paging style's parameter.
        max_page: the largest page served.

    """
    limit = {"type": "integer", "minimum": 0, "maximum": max_page, "default": min(DEFAULT_LIMIT, max_page)}
    position = {"type": "string"} if paging == "token" else {"type": "integer"}
    schemas = {**_SCHEMAS, "limit": limit, paging: position}
    body = {"type": "object", "properties": {name: schemas[name] for name in (*NAMES, paging)}}
    filters = [_query(name, schemas[name]) for name in (*NAMES, paging)]
    post = {**_get("Search the items", GEOJSON, []), "requestBody": {"content": {JSON: {"schema": body}}}}
    of_collection = _path("collectionId")
    return {
        "openapi": "3.0.3",
        "info": {"title": "STAC API simulator", "version": "1.0.0"},
        "paths": {
            "/": {"get": _get("Landing page", JSON, [])},
            "/conformance": {"get": _get("What the API conforms to", JSON, [])},
            "/collections": {"get": _get("All collections", JSON, [])},
            "/collections/{collectionId}": {"get": _get("One collection", JSON, [of_collection])},
            "/collections/{collectionId}/items": {
                "get": _get("Items of a collection", GEOJSON, [of_collection, *filters])
            },
            "/collections/{collectionId}/items/{itemId}": {
                "get": _get("One item", GEOJSON, [of_collection, _path("itemId")])
            },
            "/search": {"get": _get("Search the items", GEOJSON, filters), "post": post},
        },
    }


def _get(summary: str, media_type: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    error = {"description": "An error", "content": {JSON: {"schema": _OBJECT}}}
    answer = {"description": summary, "content": {media_type: {"schema": _OBJECT}}}
    return {"summary": summary, "parameters": parameters, "responses": {"200": answer, "default": error}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": False}
    if schema is _OBJECT:
        return {**parameter, "content": {JSON: {"schema": schema}}}
    if schema["type"] == "array":
        parameter |= {"style": "form", "explode": False}
    return {**parameter, "schema": schema}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
