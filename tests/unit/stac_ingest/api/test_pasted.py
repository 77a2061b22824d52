"""Sources as they are pasted: what a URL says becomes settings, and what it can't mean is refused with what to give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest import ConfigurationError, IngestConfig, IngestModule
from stac_ingest.api.pasted import with_pasted
from stac_ingest.sharding import ShardedIngest

ROOT = "https://example.org/stac/v1"


def parse(source, **settings):
    return IngestModule({"mode": "api", "source": source, **settings}).config


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        (ROOT, {}),
        (f"{ROOT}?f=json", {}),
        (f"{ROOT}#top", {}),
        (f"{ROOT}/conformance", {}),
        (f"{ROOT}/queryables?f=json", {}),
        (f"{ROOT}/collections", {}),
        (f"{ROOT}/collections/?f=html", {}),
        (f"{ROOT}/collections/c", {"collection_id": "c"}),
        (f"{ROOT}/collections/c/", {"collection_id": "c"}),
        (f"{ROOT}/collections/c?f=json#about", {"collection_id": "c"}),
        (f"{ROOT}/collections/c/queryables", {"collection_id": "c"}),
        (f"{ROOT}/collections/a%2Fb/items", {"collection_id": "a/b"}),
        (f"{ROOT}/collections/c/items/?limit=7&f=geojson", {"collection_id": "c", "limit": 7}),
        (f"{ROOT}/search", {}),
        (
            f"{ROOT}/search?collections=c&bbox=-1.5,0,2,3&datetime=2024-01-01T00:00:00Z%2F..&limit=50",
            {"collection_id": "c", "bbox": [-1.5, 0, 2, 3], "datetime": "2024-01-01T00:00:00Z/..", "limit": 50},
        ),
        (f"{ROOT}/search/?query=%7B%22a%22%3A%7B%22lt%22%3A1%7D%7D", {"query": {"a": {"lt": 1}}}),
        (f"{ROOT}/search?collections=a,b&ids=x,y", {"collections": ["a", "b"], "ids": ["x", "y"]}),
        (f"{ROOT}/search?filter=n%3C5&filter-lang=cql2-text", {"filter": "n<5"}),
        (f"{ROOT}/search?filter=%7B%22op%22:%22not%22,%22args%22:[true]%7D", {"filter": {"op": "not", "args": [True]}}),
        (
            f"{ROOT}/search?sortby=+a,-b&fields=id,-links",
            {
                "sortby": [{"field": "a", "direction": "asc"}, {"field": "b", "direction": "desc"}],
                "fields": {"include": ["id"], "exclude": ["links"]},
            },
        ),
        (
            f"{ROOT}/search?intersects=%7B%22type%22:%22Point%22,%22coordinates%22:[1,2]%7D",
            {"intersects": {"type": "Point", "coordinates": [1, 2]}},
        ),
        (f"{ROOT}/collections/search", {"collection_id": "search"}),
        (f"{ROOT}/collections/collections/items", {"collection_id": "collections"}),
    ],
)
def test_a_url_becomes_settings(pasted, said):
    """The source is the root, and what the URL says of the items is in the settings."""
    config = parse(pasted)
    assert config.source == ROOT
    names = ("collection_id", "collections", "ids", "bbox", "intersects", "datetime", "query", "filter", "sortby")
    names += ("fields", "limit")
    assert {name: getattr(config, name) for name in names if getattr(config, name) is not None} == {"limit": 100} | said


@pytest.mark.parametrize("source", ["https://example.org", "https://example.org/", "https://example.org/stac/"])
def test_a_root_stays_as_it_is(source):
    """The slash at its end too, since some servers want one."""
    assert parse(source).source == source


@pytest.mark.parametrize(
    ("pasted", "message"),
    [
        (f"{ROOT}/collections/c/items/one", "is one item; give"),
        (f"{ROOT}/search?collections=a&collections=b", "'a' is given, and source says 'b'"),
        (f"{ROOT}/collections/a/items?collections=b", "'a' is given, and source says 'b'"),
        (f"{ROOT}/search?token=next:abc", "is one page of a search; leave out token="),
        (f"{ROOT}/collections/c/items?offset=10", "is one page of a search; leave out offset="),
        (f"{ROOT}/search?groupby=datetime", "groupby= of .* can't be used"),
        (f"{ROOT}/search?fields=-id", "fields=-id of .* can't be read: id can't be left out"),
        (f"{ROOT}/search?bbox=here", "bbox=here of .* can't be read"),
        (f"{ROOT}/search?limit=some", "limit=some of .* can't be read"),
        (f"{ROOT}/search?query=[1]", "is not a JSON object"),
        (f"{ROOT}/search?limit=0", "limit"),
        (f"{ROOT}/#/collections/c", "is a page for people"),
        ("https://[example.org/", "not a web address"),
    ],
)
def test_what_cannot_be_meant_is_refused(pasted, message):
    """The message says what is wrong, and what to give or to leave out."""
    with pytest.raises(ConfigurationError, match=message):
        parse(pasted)


@pytest.mark.parametrize(
    ("setting", "value", "parameter"),
    [
        ("collection_id", "d", "collections=c"),
        ("bbox", [0, 0, 1, 1], "bbox=0,0,2,2"),
        ("datetime", "2023", "datetime=2024"),
        ("limit", 10, "limit=20"),
        ("query", {"a": {"eq": 1}}, 'query={"a":{"eq":2}}'),
    ],
)
def test_what_contradicts_a_setting_is_refused(setting, value, parameter):
    """Both are named; what says the same twice is fine."""
    with pytest.raises(
        ConfigurationError, match=rf"^{setting}: .* is given, and source says .*{ROOT}/search"
    ) as caught:
        parse(f"{ROOT}/search?{parameter}", **{setting: value})
    assert str(value)[:5] in str(caught.value)
    same = getattr(parse(f"{ROOT}/search?{parameter}"), setting)
    assert getattr(parse(f"{ROOT}/search?{parameter}", **{setting: same}), setting) == same


def test_what_other_tools_make_of_a_value_is_the_same_value():
    """A year that YAML reads as a number, and a box as text, agree with what the URL says."""
    assert parse(f"{ROOT}/search?datetime=2024", datetime="2024").datetime == "2024"
    settings = {"source": f"{ROOT}/search?collections=c&bbox=0,0,2,2", "output": "out", "allow_remote": True}
    assert ShardedIngest.parse({**settings, "bbox": "0,0,2,2"}).bbox == [0, 0, 2, 2]


def test_an_ingest_in_shards_takes_the_same():
    """The collection comes from the URL, and the plan has the root."""
    settings = {"source": f"{ROOT}/collections/c/items?limit=50", "output": "out", "allow_remote": True}
    ingest = ShardedIngest.parse(settings)
    assert (ingest.source, ingest.collection, ingest.limit) == (ROOT, "c", 50)
    with pytest.raises(ConfigurationError, match=r"^collection: 'd' is given, and source says 'c'"):
        ShardedIngest.parse({**settings, "collection": "d"})


def test_paths_are_left_alone():
    """What isn't a URL isn't looked into."""
    settings = {"mode": "api", "source": "items/search?limit=1"}
    assert with_pasted(settings, IngestConfig.names(), "collection_id") == settings


parts = st.text("abc-_.", min_size=1, max_size=6).filter(lambda part: part.strip("."))


@given(root=st.lists(parts, max_size=3), collection=parts, slash=st.booleans(), limit=st.integers(1, 10_000))
def test_any_items_url_leads_to_its_root(root, collection, slash, limit):
    """Whatever the path of the root, the items of a collection lead back to it."""
    url = "/".join(["https://example.org", *root])
    config = parse(f"{url}/collections/{collection}/items{'/' * slash}?limit={limit}")
    assert (config.source, config.collection_id, config.limit) == (url, collection, limit)
