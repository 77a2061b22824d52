"""The documents around the items: landing page, conformance, collections, and the OpenAPI description of the server."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ingest_bench.simulator.query_params import DEFAULT_LIMIT, NAMES
from ingest_bench.simulator.responses import GEOJSON, JSON, OPENAPI

if TYPE_CHECKING:
    from ingest_bench.simulator.generated.store import GeneratedStore
    from ingest_bench.simulator.item_store import Store

_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_OBJECT = {"type": "object"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "bbox": _NUMBERS,
    "collections": _TEXTS,
    "datetime": {"type": "string"},
    "fields": _OBJECT,
    "filter": _OBJECT,
    "filter-lang": {"type": "string"},
    "ids": _TEXTS,
    "intersects": _OBJECT,
    "query": _OBJECT,
    "sortby": {"type": "array", "items": _OBJECT},
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


CONFORMS_TO = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/item-search#query",
    "https://api.stacspec.org/v1.0.0/item-search#filter",
    "https://api.stacspec.org/v1.0.0/item-search#sort",
    "https://api.stacspec.org/v1.0.0/item-search#fields",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
]
_OURS = ("self", "root", "parent", "items")
"""Links of the collection that are replaced."""


def landing(store: Store | GeneratedStore, base: str) -> dict[str, Any]:
    """Return the landing page; `base` is the URL of the server, without a slash at its end."""
    return {
        "type": "Catalog",
        "stac_version": "1.1.0",
        "id": "simulator",
        "title": "STAC API simulator",
        "description": "Serves a corpus of STAC items with a known think time, paging style and rate limit.",
        "conformsTo": CONFORMS_TO,
        "links": [
            link("self", base, JSON),
            link("root", base, JSON),
            link("conformance", f"{base}/conformance", JSON),
            link("data", f"{base}/collections", JSON),
            link("search", f"{base}/search", GEOJSON, method="GET"),
            link("search", f"{base}/search", GEOJSON, method="POST"),
            link("service-desc", f"{base}/api", OPENAPI),
            link("service-doc", f"{base}/api.html", "text/html"),
            link("child", collection_url(store, base), JSON),
        ],
    }


def collections(store: Store | GeneratedStore, base: str) -> dict[str, Any]:
    """Return the list of collections, which has one."""
    own = [link("self", f"{base}/collections", JSON), link("root", base, JSON)]
    return {"collections": [collection(store, base)], "links": own}


def collection(store: Store | GeneratedStore, base: str) -> dict[str, Any]:
    """Return the corpus' collection, with links that lead here."""
    own = collection_url(store, base)
    links = [
        link("self", own, JSON),
        link("root", base, JSON),
        link("parent", base, JSON),
        link("items", f"{own}/items", GEOJSON),
    ]
    links += [other for other in store.collection.get("links", []) if other.get("rel") not in _OURS]
    return {**store.collection, "links": links}


def collection_url(store: Store | GeneratedStore, base: str) -> str:
    """Return the URL of the collection."""
    return f"{base}/collections/{quote(store.collection_id, safe='')}"


def link(rel: str, href: str, media_type: str, **more: Any) -> dict[str, Any]:
    """Return a link of a STAC document."""
    return {"rel": rel, "type": media_type, "href": href, **more}


def page_for_people(description: dict[str, Any]) -> str:
    """Return the paths of an OpenAPI description as HTML."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td><td>{escape(operation['summary'])}</td></tr>"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    )
    title = escape(description["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1><table>{rows}</table></body></html>"
    )
