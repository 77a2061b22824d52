"""Links of catalogs: which are followed, and where they lead from a copy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.sources.catalog.links import Links, is_static

THERE = "https://example.com/stac/catalog.json"
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)


@pytest.mark.parametrize(
    ("own", "base", "href", "leads"),
    [
        (THERE, "/copy/catalog.json", "https://example.com/stac/c/i.json", "./c/i.json"),
        (THERE, "/copy/catalog.json", "https://example.com/items/i.json", "./../items/i.json"),
        (THERE, "/copy/catalog.json", "https://other.com/i.json", "https://other.com/i.json"),
        (THERE, "/copy/catalog.json", "./c/i.json", "./c/i.json"),
        (THERE, "https://mirror.com/a/catalog.json", "https://example.com/stac/i.json", "./i.json"),
        (
            THERE,
            "https://example.com/old/catalog.json",
            "https://example.com/stac/i.json",
            "https://example.com/stac/i.json",
        ),
        (THERE, "https://mirror.com/a/catalog.json", "/stac/i.json", "/stac/i.json"),
        ("/old/place/catalog.json", "/copy/catalog.json", "/old/place/c/i.json", "./c/i.json"),
        ("s3://bucket/catalog.json", "/copy/catalog.json", "s3://bucket/a:b.json", "./a:b.json"),
        (None, "/copy/catalog.json", "https://example.com/stac/i.json", "https://example.com/stac/i.json"),
        ("./catalog.json", "/copy/catalog.json", "/else/i.json", "/else/i.json"),
        ("http://[/catalog.json", "/copy/catalog.json", "http://[/i.json", "http://[/i.json"),
    ],
)
def test_where_an_href_leads_from_a_copy(own: str | None, base: str, href: str, leads: str) -> None:
    """Links into the place of publication lead to the copies beside a document, and no others do."""
    links = [] if own is None else [{"rel": "self", "href": own}]
    assert Links({"links": links}).here(href, base) == leads


@settings(max_examples=50)
@given(links=st.lists(st.dictionaries(st.sampled_from(["rel", "href", "type"]), JSON, max_size=3) | JSON, max_size=5))
def test_any_links_can_be_looked_at(links: list[Any]) -> None:
    """Whatever stands for links, looking at them raises nothing."""
    found = Links({"links": links})
    assert all(link.rel in ("child", "item", "items") for link in found.wanted())
    assert isinstance(found.leads_nowhere, bool)


def test_what_is_a_document_of_items() -> None:
    """An `items` link with a query, or without a name of a JSON file, is an API's."""
    assert is_static("./items.geojson")
    assert not is_static("https://example.com/collections/c/items")
    assert not is_static("https://example.com/items.json?page=2")
