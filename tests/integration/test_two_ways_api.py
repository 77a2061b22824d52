"""Pages of an API in batches and item by item: the same items, failures, counts, notes and positions from both."""

from __future__ import annotations

import asyncio
import json

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving_api import Api, make_items

from stac_ingest import CheckpointManager, IngestModule, WorkflowContext
from stac_ingest.errors import IngestError

WAYS = ("items", "lines", "objects")
ODD = [
    b'{"type":"Feature","id":"long","properties":{"n":123456789012345678901234567890}}',
    b'{"type":"Feature","id":"nan","properties":{"n":NaN}}',
    b'{"type":"Feature","id":"twice","properties":{"n":1,"n":2}}',
    b'{"type":"Feature","id":"inner","of":[{"x":1},{"type":"Feature","id":"a"}]}',
    b'{"type":"Feature","id":"elsewhere","collection":"d","bbox":[50,50,51,51]}',
    b'{"id":"untyped","geometry":null,"properties":{}}',
    b'{"type":"Catalog","id":"catalog"}',
    b'{"type":"Feature","id":7}',
    b'{"type":"Feature","id":tru}',
    b"[]",
]
COUNTS = ("items", "duplicates", "overlaps", "failures", "pages", "requests", "matched", "notes")

plain = st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "id": st.sampled_from(["a", "b", "c", "\u00e9"]),
        "properties": st.fixed_dictionaries({"n": st.sampled_from([1, 1.5, 10**18, "1", [], {}])}),
    },
    optional={"collection": st.sampled_from(["c", "d", None])},
)
texts = st.one_of(
    plain.map(orjson.dumps),
    plain.map(orjson.dumps),
    plain.map(lambda item: json.dumps(item, indent=1).encode()),
    st.sampled_from(ODD),
)
pages = st.lists(st.tuples(st.lists(texts, min_size=1, max_size=4), st.sampled_from([b",", b", ", b",\n"])), min_size=1)


async def read(url, way, context=None, **more):
    """Read an API one way; return items, failures, counts, the error that ended it, and the ways of its pages."""
    context, said, found = context or WorkflowContext(), "", []
    module = IngestModule({"mode": "api", "source": url, "collection_id": "c", "exact_numbers": True, **more})
    try:
        if way == "items":
            found = [item async for item in module.fetch(context)]
        else:
            async for rows in module.fetch_rows(context, as_lines=way == "lines"):
                lines = rows.lines()
                found += rows.items() if lines is None else map(json.loads, lines)
                assert [key[1] for key in rows.keys] == [item["id"] for item in found[-len(rows.keys) :]]
    except IngestError as error:
        said = str(error)
    failures = sorted((failure.item_id, str(failure.error)) for failure in context.failure_collector.get_all())
    summary = module.summary
    counts = {name: getattr(summary, name) for name in COUNTS} | {"repeated": summary.changes.repeated}
    return (list(map(repr, found)), failures, counts, said), (summary.fast_batches, summary.safe_batches)


def paged(contents):
    """Serve these pages, whatever is asked for."""

    def answer(_, body):
        number = body.get("page", 0)
        members, separator = contents[number]
        links = [{"rel": "next", "method": "POST", "href": f"{api.url}/search", "body": {**body, "page": number + 1}}]
        further = orjson.dumps(links if number + 1 < len(contents) else [])
        page = b'{"type":"FeatureCollection","features":[' + separator.join(members) + b'],"links":' + further + b"}"
        return web.Response(body=page)

    api = Api([], fault=answer)
    return api


@settings(max_examples=30, deadline=None)
@given(pages)
def test_pages_come_the_same_both_ways(contents):
    """Whatever is on them, and however it is written, pages give the same in batches as item by item."""

    async def ways():
        async with paged(contents).serving() as url:
            return [(await read(url, way, bbox=[0, 0, 9, 9], concurrency=1))[0] for way in WAYS]

    one_by_one, *batches = asyncio.run(ways())
    assert batches == [one_by_one, one_by_one]


@pytest.mark.parametrize("way", ["lines", "objects"])
async def test_usual_pages_are_not_taken_apart(way):
    """Pages of plain items go on as batches, each of them; one with a broken item goes the safe way, alone."""
    texts = [orjson.dumps(item) for item in make_items(30)]
    contents = [(texts[:10], b","), (texts[10:20], b", "), ([*texts[20:], ODD[8]], b",")]
    async with paged(contents).serving() as url:
        (found, failures, *_), counts = await read(url, way, concurrency=1)
    assert (len(found), len(failures), counts) == (30, 1, (2, 1))


@pytest.mark.parametrize("order", [1, -1])
async def test_the_same_positions_are_noted(tmp_path, order):
    """A run in batches notes the stretches of time that one item by item does, in the same order."""

    class Notes:
        known = ()

        def __init__(self):
            self.now, self.delivered = [], {}
            self.queue = self.now.append

    noted = []
    async with Api(make_items(95)[::order]).serving() as url:
        for way in WAYS:
            context = WorkflowContext(checkpoints=CheckpointManager("w", way, tmp_path), positions=Notes())
            more = {"limit": 10, "concurrency": 1, "worker_strategy": "time_chunks"}
            result, (fast, _) = await read(url, way, context, **more)
            assert (len(result[0]), fast > 0) == (95, way != "items")
            noted.append(context.positions.now)
    assert noted[0]
    assert noted[1:] == [noted[0], noted[0]]
