"""Searches of several collections, and terms that a server refuses in one wording and takes in another."""

from __future__ import annotations

import pytest
from api_of_collections import SIZES, serving_collections

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.completeness import completeness_report
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.pipeline import PipelineResult

EVERYTHING = sum(SIZES.values())
WAYS = [{}, {"concurrency": 4, "worker_strategy": "time_chunks"}, {"concurrency": 4, "worker_strategy": "queue"}]
COLLECTIONS = [None, ["a", "b"], ["c"]]


async def read(api, **settings):
    """Read; give the keys of the items and the report."""
    module = IngestModule({"mode": "api", "source": api.url, "limit": 5, **settings})
    found = [(one["collection"], one["id"]) async for one in module.fetch(WorkflowContext())]
    result = PipelineResult(fetched=len(found))
    return found, completeness_report(module.config, None, module.summary, result, failures=module.summary.failures)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize(
    "quirks",
    [
        (),
        ("get-only",),
        ("refuse-none",),
        ("refuse-none", "refuse-several"),
        ("get-only", "refuse-none", "refuse-several"),
        ("get-only", "refuse-several", "small-pages"),
        ("empty-none",),
        ("empty-none", "refuse-several"),
    ],
)
@pytest.mark.parametrize("named", COLLECTIONS)
async def test_each_item_of_each_collection_comes_once(named, quirks, how):
    """Whatever a server refuses, all collections that are asked for are read, and the verdict is right."""
    async with serving_collections(*quirks) as api:
        found, report = await read(api, **({} if named is None else {"collections": named}), **how)
    assert len(found) == len({*found}) == sum(SIZES[one] for one in named or SIZES)
    assert (report.verdict, report.expected) == ("complete", len(found)), report


async def test_a_list_without_an_end_is_not_taken_for_all():
    """Where a server must be asked by its collections and doesn't list all, nothing is read rather than a part."""
    async with serving_collections("refuse-none", "endless-list") as api:
        with pytest.raises(DataProcessingError, match="400"):
            await read(api)


async def test_ids_that_a_server_ignores_are_not_asked_for_in_parts():
    """All is read once, not once for each part of the ids, and the verdict is that of what was wanted."""
    async with serving_collections("ignore-ids") as api:
        found, report = await read(api, ids=[f"i{number:02}" for number in (2, 3, *range(20, 99))])
        assert len(api.asked) <= 2 + EVERYTHING // 5
    assert len({*found}) == len(found) == 9
    assert (report.verdict, report.expected) == ("complete", 9)
    assert any(note.startswith("the server ignores `ids`") for note in report.notes)


@pytest.mark.parametrize("quirks", [("refuse-cql2-json",), ("get-only", "refuse-cql2-text")])
async def test_a_filter_is_sent_in_the_other_language(quirks):
    """A server that declares both languages and refuses the usual one is asked in the other."""
    async with serving_collections(*quirks) as api:
        found, report = await read(api, filter="cloud < 3")
        assert all("filter" in one for one in api.asked)
    assert (len(found), report.verdict, report.filtered) == (9, "complete", 0)


async def test_what_is_ignored_later_is_not_subtracted_from_what_fits():
    """A count of what fits stays the number that is expected, though pages behind the first bring other items."""
    async with serving_collections("ignore-late-filter") as api:
        found, report = await read(api, filter="cloud < 9", collections=["a"])
    assert (len(found), report.expected, report.verdict, report.filtered) == (9, 9, "complete", 14)


async def test_an_order_of_several_searches_is_refused():
    """Parts of a search aren't in one order, so an order isn't promised."""
    async with serving_collections() as api:
        with pytest.raises(ConfigurationError, match=r"^sortby: .* 3 parts"):
            await read(api, sortby="-datetime", ids=[f"i{number:02}" for number in range(15)])
    async with serving_collections("refuse-several") as api:
        with pytest.raises(ConfigurationError, match=r"^sortby: .* 2 parts"):
            await read(api, sortby="-datetime", collections=["a", "b"])
