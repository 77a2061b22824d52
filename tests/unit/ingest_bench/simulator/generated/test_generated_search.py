"""Which items a generated API finds, against the generic search over the same items."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.search import GeneratedIndex
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.item_filter import ItemIndex
from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.paging import paging_style
from ingest_bench.simulator.query_params import InvalidParameterError, read_search

OPTIONS = Options(Path())
GENERATED = GeneratedStore(Description(items=300, seed=5), epoch=2)
PLAIN = Store(Path("corpus"), b"\n".join(GENERATED.lines(range(len(GENERATED)))), GENERATED.collection)
ITEMS = [PLAIN.item(index) for index in range(len(PLAIN))]
OTHER_ID = "S2_L2A_00000000"

times = st.builds(
    lambda number, name: ITEMS[number]["properties"][name],
    st.integers(0, len(ITEMS) - 1),
    st.sampled_from(["datetime", "created", "updated"]),
)
names = st.sampled_from(["datetime", "created", "updated"])
ids = st.one_of(
    st.integers(0, len(ITEMS) - 1).map(lambda number: ITEMS[number]["id"]),
    st.sampled_from([OTHER_ID, "S2", "T", "S2_L2A_8"]),
)
comparisons = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def compared(op: str, name: str, value: object, *, turned: bool = False) -> dict[str, object]:
    """Write a comparison as CQL2 JSON."""
    return {"op": op, "args": [value, {"property": name}] if turned else [{"property": name}, value]}


leaves = st.one_of(
    st.builds(compared, comparisons, names, times, turned=st.booleans()),
    st.builds(lambda op, name, time: compared(op, name, {"timestamp": time}), comparisons, names, times),
    st.builds(compared, comparisons, st.just("id"), ids),
    st.builds(compared, comparisons, st.just("eo:cloud_cover"), st.integers(0, 100)),
    st.builds(
        lambda op, name, two: compared(op, name, {"interval": sorted(two)}),
        st.sampled_from(["t_intersects", "t_during", "t_disjoint"]),
        names,
        st.tuples(times, times),
    ),
    st.builds(
        lambda op, name, time: compared(op, name, {"timestamp": time}),
        st.sampled_from(["t_after", "t_before", "t_equals"]),
        names,
        times,
    ),
    st.builds(
        lambda name, two: {"op": "between", "args": [{"property": name}, *sorted(two)]}, names, st.tuples(times, times)
    ),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda op, two: {"op": op, "args": list(two)}, st.sampled_from(["and", "or"]), st.tuples(inner, inner)
        ),
        st.builds(lambda one: {"op": "not", "args": [one]}, inner),
    ),
    max_leaves=4,
)
conditions = st.one_of(
    st.builds(
        lambda name, op, time: {name: {op: time}},
        names,
        st.sampled_from(["eq", "neq", "lt", "lte", "gt", "gte"]),
        times,
    ),
    st.builds(lambda name, two: {name: {"in": list(two)}}, names, st.tuples(times, times)),
    st.builds(lambda cloud: {"eo:cloud_cover": {"lt": cloud}}, st.integers(0, 100)),
)
orders = st.lists(
    st.builds(
        lambda field, direction: {"field": field, "direction": direction},
        st.sampled_from(["datetime", "properties.updated", "created", "id", "collection"]),
        st.sampled_from(["asc", "desc"]),
    ),
    max_size=3,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "collections": st.lists(st.sampled_from([GENERATED.collection_id, "other"]), max_size=2),
        "ids": st.lists(ids, max_size=8),
        "datetime": st.one_of(
            times,
            st.tuples(times, times).map(lambda two: "/".join(sorted(two))),
            times.map(lambda time: f"../{time}"),
            times.map(lambda time: f"{time}/.."),
        ),
        "bbox": st.sampled_from([[-10, -90, 100, 90], [170, -80, -120, 10], [3.5, 40, 4, 41]]),
        "query": conditions,
        "filter": expressions,
        "sortby": orders,
    },
)


def found(index: ItemIndex | GeneratedIndex, body: dict[str, object]) -> list[int]:
    """Return the indices of what a search finds."""
    return [int(one) for one in index.find(read_search({**body, "limit": 1}, "token", 1000).filter)]


@given(body=bodies)
@settings(deadline=None, max_examples=300)
def test_any_search_finds_what_the_generic_one_finds(body: dict[str, object]) -> None:
    """Whatever is asked for, the same items come in the same order as from the same items in a file."""
    assert found(GeneratedIndex(GENERATED, OPTIONS), body) == found(ItemIndex(PLAIN), body)


@given(body=bodies, limit=st.integers(1, 400))
@settings(deadline=None)
def test_pages_hold_each_item_once(body: dict[str, object], limit: int) -> None:
    """From page to page by tokens, of whatever size, each item of a search comes exactly once."""
    index, paging = GeneratedIndex(GENERATED, OPTIONS), paging_style("token", 1)
    expected, seen, token = found(index, body), [], None
    while True:
        search = read_search({**body, "limit": limit, "token": token}, "token", 1000)
        matched, start = index.find(search.filter), paging.start(search)
        seen += [int(one) for one in matched[start : start + limit]]
        if start + limit >= len(matched):
            break
        token = paging.following(search, start)
    assert seen == expected


def test_items_are_found_by_their_ids() -> None:
    """The index of each item is found by its id, and ids that aren't any are no error."""
    assert [GENERATED.index(item["id"]) for item in ITEMS] == list(range(len(ITEMS)))
    for none in ("", "S2_L2A_", OTHER_ID, "S2_L2A_-0000001", "S2_L2A_0X", "S2_L2A_ 1", ITEMS[0]["id"].upper()):
        assert GENERATED.index(none) is None


def test_fields_alone_are_those_of_the_item() -> None:
    """What is sent of an item is the same whether it is cut from the whole or made alone."""
    for fields in (("id",), ("id", "collection"), ("type", "id", "id"), ("id", "properties.updated")):
        for mine, theirs in zip(
            GENERATED.lines(range(50), (fields, ())), PLAIN.lines(range(50), (fields, ())), strict=True
        ):
            assert json.loads(mine) == json.loads(bytes(theirs))


def test_other_orders_are_refused() -> None:
    """A field that items can't be sorted by is named, and those that they can."""
    index = GeneratedIndex(GENERATED, OPTIONS)
    with pytest.raises(InvalidParameterError, match=r"sortby: eo:cloud_cover is not one of datetime, created"):
        found(index, {"sortby": [{"field": "eo:cloud_cover", "direction": "asc"}]})


def test_a_fault_of_the_search_by_time_is_kept() -> None:
    """Options that change which items lie in an interval hold for generated items as for others."""
    options, body = Options(Path(), exclusive_ends=True), {"datetime": ITEMS[7]["properties"]["datetime"] + "/.."}
    plain, generated = found(ItemIndex(PLAIN, options), body), found(GeneratedIndex(GENERATED, options), body)
    assert generated == plain
    assert 7 not in plain


def test_what_is_remembered_is_bounded() -> None:
    """Of many searches whose results are large, only the latest ones are remembered."""
    index, none = GeneratedIndex(GENERATED, OPTIONS, remembered_bytes=3 * 4 * len(GENERATED)), []
    for second in range(20):
        body = {"sortby": [{"field": "id", "direction": "asc"}], "datetime": f"../2060-01-01T00:00:{second:02}Z"}
        assert found(index, body) == sorted(range(len(ITEMS)), key=lambda one: ITEMS[one]["id"])
        none.append(index.remembered)
    assert none == [1, 2, *[3] * 18]
