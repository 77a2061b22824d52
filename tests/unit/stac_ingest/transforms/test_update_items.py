from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.errors import ConfigurationError, ItemError
from stac_ingest.transforms import UpdateItems

SETTINGS = {
    "set": {"processing:datetime": "2026-02-10T00:00:00Z"},
    "rename": {"cloud": "eo:cloud_cover"},
    "remove": ["internal"],
    "links": [{"rel": "via", "href": "https://example.com/source", "type": "text/html"}],
}
names = st.sampled_from(["cloud", "eo:cloud_cover", "internal", "datetime", "processing:datetime"])
stac_items = st.fixed_dictionaries(
    {"id": st.text(min_size=1)},
    optional={
        "properties": st.dictionaries(names, st.integers() | st.none()),
        "links": st.lists(st.fixed_dictionaries({"rel": st.just("via"), "href": st.sampled_from(["a", "b"])})),
    },
)


def test_properties_and_links_are_updated():
    """Properties are renamed, removed and set, and a link is added, as the settings say."""
    item = {"id": "a", "properties": {"cloud": 3, "internal": 1, "datetime": None}, "links": [{"rel": "self"}]}
    assert UpdateItems(SETTINGS).modify(item, None) == {
        "id": "a",
        "properties": {"eo:cloud_cover": 3, "datetime": None, "processing:datetime": "2026-02-10T00:00:00Z"},
        "links": [{"rel": "self"}, SETTINGS["links"][0]],
    }


@given(stac_items)
def test_output_depends_on_the_item_alone_and_the_item_is_left_alone(item):
    """The same item gives the same result whatever came before it, and a second pass changes nothing."""
    modifier, before = UpdateItems(SETTINGS), copy.deepcopy(item)
    once = modifier.modify(item, None)
    assert item == before
    modifier.modify({"id": "other", "properties": {"cloud": 1}}, None)
    assert modifier.modify(item, None) == once
    assert modifier.modify(once, None) == once


@pytest.mark.parametrize("item", [{"id": "a", "properties": [1]}, {"id": "a", "links": {"rel": "x"}}])
def test_a_malformed_item_is_an_item_error(item):
    """Properties that are no object or links that are no array concern that item alone."""
    with pytest.raises(ItemError, match="properties"):
        UpdateItems(SETTINGS).modify(item, None)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"sett": {}}, "sett"),
        ({"links": [{"rel": "x"}]}, "href"),
        ({"rename": {"a": "c", "b": "c"}}, "same name"),
    ],
)
def test_wrong_settings_are_named(settings, named):
    """A misspelt or inconsistent setting is a configuration error that names it."""
    with pytest.raises(ConfigurationError, match=named):
        UpdateItems(settings)


@given(st.permutations(["cloud", "eo:cloud_cover", "datetime"]))
def test_a_renamed_property_replaces_one_of_its_new_name(order):
    """Whichever of the two stands first, the value of the old name is kept."""
    item = {"id": "a", "properties": {name: name for name in order}}
    changed = UpdateItems({"rename": {"cloud": "eo:cloud_cover"}}).modify(item, None)
    assert changed["properties"] == {"eo:cloud_cover": "cloud", "datetime": "datetime"}


def test_what_is_not_asked_for_stays_as_it_is():
    """An item without links gets none where no links are to be added, and an untouched one is the same object."""
    item = {"id": "a", "links": "odd"}
    assert UpdateItems({"remove": ["x"]}).modify(item, None) is item
    assert UpdateItems({"set": {"x": 1}}).modify(item, None) == {**item, "properties": {"x": 1}}
