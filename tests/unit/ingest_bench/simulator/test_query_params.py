"""What the simulated server takes as a search, and what it refuses."""

import math

import pytest

from ingest_bench.simulator.paging import OffsetPaging, PagePaging, TokenPaging, paging_style
from ingest_bench.simulator.query_params import InvalidParameterError, from_query, read_search


def read(body, paging="token", max_page=1000):
    """Read the body of a POST."""
    return read_search(body, paging, max_page)


def test_a_get_says_the_same_as_a_post():
    """Parameters in the query of a GET mean what they mean in the body of a POST."""
    body = {
        "collections": ["a", "b"],
        "ids": ["x"],
        "bbox": [-10.5, 0, 10, 5],
        "datetime": "2024-01-01T00:00:00Z/..",
        "query": {"cloud": {"lt": 5}},
        "limit": 7,
        "token": "t",
    }
    query = {
        "collections": "a,b",
        "ids": "x",
        "bbox": "-10.5,0,10,5",
        "datetime": "2024-01-01T00:00:00Z/..",
        "query": '{"cloud": {"lt": 5}}',
        "limit": "7",
        "token": "t",
    }
    assert read(from_query(query)) == read(body)


def test_limits_are_clamped_and_have_a_default():
    """A page is at most as large as the server serves, ten items when nothing is said, and may be empty."""
    assert read({"limit": 5000}, max_page=250).limit == 250
    assert read({}).limit == 10
    assert read({}, max_page=3).limit == 3
    assert read({"limit": 0}).limit == 0


def test_null_is_the_same_as_nothing():
    """A parameter that is null is not given."""
    assert read({"bbox": None, "intersects": None, "limit": None}) == read({})


@pytest.mark.parametrize(
    "body",
    [
        {"limit": -1},
        {"limit": "10"},
        {"limit": 1.5},
        {"limit": True},
        {"bbox": "0,0,1,1"},
        {"bbox": [0, 0, 1]},
        {"bbox": [0, 0, 0, 1, 1]},
        {"bbox": [0, 1, 1, 0]},
        {"bbox": [0, -91, 1, 0]},
        {"bbox": [0, 0, 5, 1, 1, 4]},
        {"bbox": [0, 0, 1, math.inf]},
        {"bbox": [0, 0, 1, "1"]},
        {"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}},
        {"intersects": "POINT (0 0)"},
        {"intersects": {"type": "Point"}},
        {"intersects": {"type": "Pond", "coordinates": [0, 0]}},
        {"datetime": "2024-01-01"},
        {"datetime": ["2024-01-01T00:00:00Z"]},
        {"ids": "x"},
        {"ids": [1]},
        {"collections": {"a": 1}},
        {"query": []},
        {"query": {"cloud": 5}},
        {"query": {"cloud": {"almost": 5}}},
        {"query": {"cloud": {"in": 5}}},
        {"query": {"cloud": {"eq": [5]}}},
        {"query": {"cloud": {"eq": {}}}},
        {"query": {"cloud": {"in": [[5]]}}},
        {"sortby": "id"},
        {"sortby": [{"direction": "asc"}]},
        {"fields": ["id"]},
        {"fields": {"include": "id"}},
        {"filter": "cloud <"},
        {"filter": {"op": "near"}},
        {"filter": "cloud < 1", "filter-lang": "cql-text"},
        {"filter": {"op": "=", "args": [1, 1]}, "filter-lang": "cql2-text"},
        {"groupby": "id"},
        {"page": 2},
    ],
)
def test_what_cannot_be_used_is_refused(body):
    """A parameter of the wrong kind, or one that the server doesn't know, is an error that begins with its name."""
    with pytest.raises(InvalidParameterError, match=f"^({'|'.join(body)}): "):
        read(body)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "ten"},
        {"bbox": "[0,0,1,1]"},
        {"bbox": "0,0,nan,1"},
        {"query": "{"},
        {"intersects": "{}"},
        {"groupby": "id"},
    ],
)
def test_what_cannot_be_used_in_a_get_is_refused(query):
    """The text of a GET is refused where it can't be read."""
    with pytest.raises(InvalidParameterError, match=f"^{next(iter(query))}: "):
        read(from_query(query))


def walk(paging, body, total):
    """Follow a paging style over so many items; give where each page starts."""
    starts = [paging.start(read(body, paging.parameter))]
    while starts[-1] + body["limit"] < total:
        position = paging.following(read(body, paging.parameter), starts[-1])
        body = {**body, paging.parameter: position}
        starts.append(paging.start(read(body, paging.parameter)))
    return starts


@pytest.mark.parametrize("name", ["token", "page", "offset"])
def test_every_style_walks_the_pages_in_turn(name):
    """What a page's link names is the page that begins where this one ends."""
    paging = paging_style(name, seed=1)
    assert paging.parameter == name
    assert walk(paging, {"limit": 30}, 100) == [0, 30, 60, 90]


def test_a_cursor_goes_on_with_another_page_size():
    """A client that asks for smaller pages halfway loses nothing: the token says where, not how many."""
    paging = TokenPaging(seed=1)
    token = paging.following(read({"limit": 100}), 100)
    assert paging.start(read({"limit": 50, "token": token})) == 200


def test_tokens_are_the_same_after_a_restart_and_others_with_another_seed():
    """A cursor kept over a restart still holds; that of another server doesn't."""
    search = read({"limit": 10})
    token = TokenPaging(seed=1).following(search, 0)
    assert TokenPaging(seed=1).following(search, 0) == token
    with pytest.raises(InvalidParameterError, match=r"^token: "):
        TokenPaging(seed=2).start(read({"limit": 10, "token": token}))


def test_a_token_holds_for_its_search_alone():
    """Filters can't be changed while a cursor is followed."""
    paging = TokenPaging(seed=1)
    token = paging.following(read({"limit": 10, "ids": ["a"]}), 0)
    assert paging.start(read({"limit": 10, "ids": ["a"], "token": token})) == 10
    with pytest.raises(InvalidParameterError, match="another search"):
        paging.start(read({"limit": 10, "ids": ["b"], "token": token}))


@pytest.mark.parametrize("token", ["", "next:page2", "AAAA", "é", 7, ["x"], "A" * 24, "AAAA AAAA AAAA AAAA AAAA AAAA"])
def test_a_bad_token_is_refused(token):
    """What isn't a token of this server is an error, never the first page."""
    with pytest.raises(InvalidParameterError, match=r"^token: "):
        TokenPaging(seed=1).start(read({"limit": 10, "token": token}))


def test_no_changed_token_is_taken():
    """A token can't be turned into that of another page: whatever character of it is changed, it is refused."""
    paging, search = TokenPaging(seed=1), {"limit": 10}
    token = paging.following(read(search), 0)
    for position, letter in enumerate(token):
        other = token[:position] + ("A" if letter != "A" else "B") + token[position + 1 :]
        with pytest.raises(InvalidParameterError, match=r"^token: "):
            paging.start(read({**search, "token": other}))


@pytest.mark.parametrize(
    ("paging", "value"),
    [(PagePaging(), 0), (PagePaging(), "2"), (PagePaging(), 1.5), (OffsetPaging(), -1), (OffsetPaging(), True)],
)
def test_bad_numbers_of_pages_are_refused(paging, value):
    """Pages count from 1 and offsets from 0, in whole numbers."""
    with pytest.raises(InvalidParameterError, match=f"^{paging.parameter}: "):
        paging.start(read({"limit": 10, paging.parameter: value}, paging.parameter))
