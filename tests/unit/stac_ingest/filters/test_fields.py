"""Which members items have, and which are asked for."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.terms import ALWAYS, fields_of
from stac_ingest.filters.fields import fields_test, sent_fields

ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "x",
    "collection": "c",
    "geometry": None,
    "properties": {"datetime": "2024-01-01T00:00:00Z", "a.b": 1, "a": {"b": 2, "c": 3}, "n": 4},
    "assets": {"B04": {"href": "h", "title": "t"}, "B05": {"href": "i"}},
    "links": [],
}
KEPT = {"type", "stac_version", "id", "collection", "geometry", "properties"}


@pytest.mark.parametrize(
    ("fields", "members", "properties"),
    [
        ("id", KEPT, {"datetime"}),
        ("links,properties.n", {*KEPT, "links"}, {"datetime", "n"}),
        ("properties", KEPT, {"datetime", "a.b", "a", "n"}),
        ("properties.a.b", KEPT, {"datetime", "a.b"}),
        ("-links,-properties.n", {*KEPT, "assets"}, {"datetime", "a.b", "a"}),
        ("properties,-properties.a", KEPT, {"datetime", "a.b", "n"}),
        ("nothing.of.it,-nor.this", KEPT, {"datetime"}),
    ],
)
def test_fields_by_name(fields, members, properties):
    """What is named comes with what no item goes without, and the source's item stays as it is."""
    before = deepcopy(ITEM)
    found = fields_test(fields_of(fields))(ITEM)
    assert (found.keys(), found["properties"].keys()) == (members, properties)
    assert before == ITEM


def test_parts_of_objects():
    """A name leads into objects, and takes one member out of them or lets one in."""
    assert fields_test(fields_of("assets.B04.href"))(ITEM)["assets"] == {"B04": {"href": "h"}}
    assert fields_test(fields_of("assets.B04.href,assets.B04"))(ITEM)["assets"] == {"B04": ITEM["assets"]["B04"]}
    assert fields_test(fields_of("-assets.B04.href"))(ITEM)["assets"]["B04"] == {"title": "t"}


names = st.sampled_from(["links", "assets", "assets.B04", "properties.n", "properties.a", "bbox"])


@given(st.lists(names, max_size=3), st.lists(names, max_size=3), st.lists(names, max_size=2))
def test_a_server_is_asked_for_all_that_is_needed(include, exclude, needed):
    """What is wanted, or looked at here, is never excluded; and all of it is included where anything is named."""
    sent = sent_fields({"include": include, "exclude": exclude}, needed)
    assert not {*needed, *ALWAYS} & {*sent.get("exclude", [])}
    assert not include or {*include, *needed, *ALWAYS} <= {*sent["include"]}
