"""Syncs with an API that changes: what is found of new, changed and gone items, and what that costs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synced_api import Mirror, Truth, scene

from ingest_bench.simulator.in_process import serving
from stac_ingest.api.intervals import DAY
from stac_ingest.errors import DataProcessingError

MONTHS, EACH = 24, 20


@asynccontextmanager
async def synced(truth, folder, *behaviours, **settings):
    """Serve items, and read them for the first time."""
    async with serving(truth.store(), behaviours) as server:
        mirror = Mirror(server.url, folder, **settings)
        run = await mirror.sync(truth.now)
        assert run.added == {*truth.items}
        truth.now += 30 * DAY
        yield server, mirror


@pytest.mark.parametrize("months", [12, 24])
def test_nothing_changed_costs_counts_alone(tmp_path, months):
    """A sync of an API without changes reads nothing, and plans with at most two requests a month of data."""

    async def run():
        truth = Truth.of_months(months, EACH)
        async with synced(truth, tmp_path) as (_, mirror):
            return await mirror.sync(truth.now)

    again = asyncio.run(run())
    assert again.plan.tasks == []
    assert again.is_sure
    assert again.plan.requests <= 2 * months


def test_new_changed_and_gone(tmp_path):
    """New, changed and gone items are found, each at its promised cost."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path, source={"limit": 10}) as (server, mirror):
            for number in range(25):
                truth.put(f"new-{number:02}", f"2020-05-{number + 1:02}T00:00:00Z")
            for number in range(15):
                truth.put(f"m03-{number:03}", "2019-04-02T00:00:00Z", cloud=number)
            del truth.items["m07-003"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert (len(again.added), len(again.changed), again.gone) == (25, 15, {"m07-003"})
    assert again.is_sure
    kinds = [task.reader for task in again.plan.tasks]
    assert kinds == ["api_items", "api_ids"]
    assert again.requests["items"] <= 3 * 4


def test_what_a_broken_run_was_to_find_is_found_by_the_next(tmp_path):
    """A run that can't read what was updated leaves it to the next one, however much later that comes."""

    async def run():
        truth = Truth.of_months(4, 5)
        source = {"limit": 2, "retry_attempts": 1}
        async with synced(truth, tmp_path, source=source, look_back=1) as (_, mirror):
            for number in range(5):
                truth.put(f"m02-00{number}", "2019-03-02T00:00:00Z", cloud=number)
        async with serving(truth.store(), ["missing-next=2"]) as server:
            mirror.moved_to(server.url)
            broken = await mirror.sync(truth.now)
            stale = mirror.held != truth.items
        truth.now += 30 * DAY
        async with serving(truth.store()) as server:
            mirror.moved_to(server.url)
            again = await mirror.sync(truth.now)
        assert mirror.held == truth.items
        return broken, stale, again

    broken, stale, again = asyncio.run(run())
    assert (broken.is_sure, broken.is_settled, stale) == (False, False, True)
    assert again.is_sure


def test_late_items_with_an_old_update_are_found_by_their_count(tmp_path):
    """Items that come in with an old `updated`, in a month with items and in one without, are found and read by id."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path) as (server, mirror):
            for name, instant in (("late-1", "2019-06-03T00:00:00Z"), ("late-2", "2023-01-01T00:00:00Z")):
                truth.put(name, instant, updated="2020-01-01T00:00:00Z")
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert again.added == {"late-1", "late-2"}
    assert {task.reader for task in again.plan.tasks} == {"api_ids"}
    assert again.is_sure


def test_gone_items_cost_a_page_of_ids_for_a_page_of_items_at_most(tmp_path):
    """Where items of every month are gone, their ids cost no more pages than all items fill, and no items are read."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path, source={"limit": 50}) as (server, mirror):
            truth.items = {name: item for name, item in truth.items.items() if not name.endswith("7")}
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    opening = 2 * len(again.outcomes)  # the landing page and the collection, of each task
    assert len(again.gone) == 2 * MONTHS
    assert again.requests["ids"] - opening <= -(-MONTHS * EACH // 50)
    assert again.requests["items"] == 0
    assert again.is_sure


@pytest.mark.slow
@pytest.mark.parametrize("habits", [[], ["clamp-limit=50"], ["clamp-limit=7"]], ids=["10,000", "50", "7"])
@pytest.mark.parametrize("every", [2, 3, 8])
def test_ids_of_scattered_months_cost_no_more_pages_than_all_items_fill(tmp_path, habits, every):
    """Where items of some months are gone, months between are listed with them, and part-filled pages don't add up."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path, *habits, source={"limit": 5}) as (server, mirror):
            for month in range(0, MONTHS, every):
                del truth.items[f"m{month:02}-007"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    page = int(habits[0].partition("=")[2]) if habits else 10_000
    opening = 2 * len(again.outcomes)
    assert len(again.gone) == len(range(0, MONTHS, every))
    assert again.requests["ids"] - opening <= -(-MONTHS * EACH // page)
    assert len(again.outcomes) == 1
    assert again.is_sure


def test_a_moved_item_is_no_reason_to_read_ids(tmp_path):
    """An item that has moved to another month is expected there, so that both months fit their counts."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path) as (server, mirror):
            truth.put("m02-004", "2020-11-11T00:00:00Z")
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert [task.reader for task in again.plan.tasks] == ["api_items"]
    assert again.changed == {"m02-004"}


UNSEARCHABLE = {
    "undeclared": ["undeclared=filter", "undeclared=query"],
    "ignored": ["ignore-filters=filter,query"],
    "refused": ["refuse-term=filter:400", "refuse-term=query:501"],
}
UNSORTED = {name: [*habits, "undeclared=sort"] for name, habits in UNSEARCHABLE.items()}


@pytest.mark.parametrize("behaviours", UNSORTED.values(), ids=[*UNSORTED])
def test_without_a_search_by_updated_everything_is_compared(tmp_path, behaviours):
    """Where `updated` can't be searched, whatever the server says of that, all items are read and compared."""

    async def run():
        truth = Truth.of_months(3, 5)
        async with synced(truth, tmp_path, *behaviours) as (server, mirror):
            truth.put("m01-003", "2019-02-11T00:00:00Z", updated="2020-01-01T00:00:00Z")
            del truth.items["m00-001"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert (again.changed, again.gone) == ({"m01-003"}, {"m00-001"})
    assert again.is_sure


def test_a_held_item_without_an_instant_may_be_gone(tmp_path):
    """Where all is read in tasks cut by time, a held item that no such task could hold is found to be gone, too."""

    async def run():
        truth = Truth.of_months(4, 6)
        settings = {"source": {"limit": 2}, "task_items": 10}
        async with synced(truth, tmp_path, *UNSORTED["ignored"], **settings) as (_, mirror):
            mirror.held["undated"] = scene("undated", None)
            runs = [await mirror.sync(truth.now) for _ in range(3)]
            assert mirror.held == truth.items
            return runs

    runs = asyncio.run(run())
    # The first of them doesn't know that it is held.
    assert [len(one.plan.tasks) > 1 for one in runs] == [True, False, True]
    assert [one.gone for one in runs] == [set(), {"undated"}, set()]


@pytest.mark.parametrize("behaviours", UNSORTED.values(), ids=[*UNSORTED])
def test_with_ids_alone_the_plan_says_what_is_not_known(tmp_path, behaviours):
    """With `ids_only` new and gone items are found, and a later run that can search looks at all since then."""

    async def run():
        truth = Truth.of_months(3, 5)
        async with synced(truth, tmp_path, *behaviours, ids_only=True) as (server, mirror):
            truth.put("m01-003", "2019-02-11T00:00:00Z")
            truth.put("new", "2019-02-11T00:00:00Z")
            del truth.items["m00-001"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            stale = mirror.held != truth.items
        truth.now += 60 * DAY
        async with serving(truth.store()) as server:
            mirror.moved_to(server.url)
            last = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again, stale, last

    again, stale, last = asyncio.run(run())
    assert (again.added, again.gone, stale) == ({"new"}, {"m00-001"}, True)
    assert again.is_settled
    assert again.plan.unverified
    assert last.changed == {"m01-003"}
    assert last.is_sure


def test_an_order_by_updated_does_as_well(tmp_path):
    """Where a server only sorts by `updated`, the newest are read until one is older, and fetched by their ids."""

    async def run():
        truth = Truth.of_months(MONTHS, EACH)
        async with synced(truth, tmp_path, *UNSEARCHABLE["undeclared"], source={"limit": 10}) as (server, mirror):
            for number in range(12):
                truth.put(f"m03-{number:03}", "2019-04-02T00:00:00Z", cloud=number)
            del truth.items["m07-003"]
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert (len(again.changed), again.gone) == (12, {"m07-003"})
    assert [task.reader for task in again.plan.tasks] == ["api_items", "api_ids"]
    assert again.requests["items"] <= 3 * 2
    assert again.is_sure


def test_an_order_that_is_not_heeded_is_not_believed(tmp_path):
    """Where items lie by chance as if they were sorted by `updated`, and aren't, everything is compared."""

    async def run():
        truth = Truth()
        for month in range(1, 13):  # the server has its newest item first, and that was updated last
            truth.put(f"m{month:02}", f"2019-{month:02}-01T00:00:00Z", updated=f"2019-{month:02}-02T00:00:00Z")
        habits = [*UNSEARCHABLE["undeclared"], "ignore-filters=sortby"]
        async with synced(truth, tmp_path, *habits) as (server, mirror):
            truth.put("m02", "2019-02-01T00:00:00Z", cloud=1)
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    assert asyncio.run(run()).changed == {"m02"}


def test_items_without_updated_are_read(tmp_path):
    """A month with items that have no `updated` is read whole, since a search by it doesn't find them."""

    async def run():
        truth = Truth.of_months(6, 5)
        truth.put("silent", "2019-03-03T00:00:00Z", updated=None)
        async with synced(truth, tmp_path) as (server, mirror):
            truth.put("silent", "2019-03-03T00:00:00Z", updated=None, cloud=3)
            server.serve(truth.store())
            again = await mirror.sync(truth.now)
            assert mirror.held == truth.items
            return again

    again = asyncio.run(run())
    assert [(task.reader, task.expected) for task in again.plan.tasks] == [("api_items", 6)]
    assert again.changed == {"silent"}


HABITS = (
    *(
        "no-counts",
        "clamp-limit=2",
        "heavy-pages=5@0.2",
        "undeclared=fields",
        "ignore-filters=fields",
        "undeclared=all",
    ),
    *("count-too-high", "count-too-low", "count-moves", "count-falls", "count-absurd", "get-only", "no-search"),
    *("no-collections", "timeless-items=4", "datetime-only", "exclusive-ends", "refuse-open-intervals=400"),
    *("refuse-intervals=400", "ignore-filters=datetime", "ignore-filters=ids", "duplicate-item", "trailing-empty-page"),
    *("empty-page=1", "missing-next=2", "deleted-while-paging", "unstable-sort", "wrong-extent", "bad-item"),
    *("refuse-term=fields:400", "json-bom", "too-many=0@0.1", "endless-empty", "no-collection-document"),
    "json-surrogate",
    *("missing-next=2 clamp-limit=3", "deleted-while-paging clamp-limit=3", "unstable-sort clamp-limit=3"),
    *("count-falls clamp-limit=3", "ignore-filters=filter,query undeclared=sort", "duplicate-item clamp-limit=3"),
)


@pytest.mark.slow
@pytest.mark.parametrize("habit", HABITS)
def test_no_habit_of_a_server_makes_a_run_sure_of_what_is_not_so(tmp_path, habit):
    """Whatever a server does, a run that is sure holds what the server has, and no run loses what is there."""

    async def run():
        truth = Truth.of_months(4, 6)
        truth.put("span", None, start_datetime="2019-01-20T00:00:00Z", end_datetime="2019-02-10T00:00:00Z")
        async with serving(truth.store(), habit.split()) as server:
            mirror = Mirror(server.url, tmp_path, source={"limit": 4, "retry_attempts": 2}, task_items=10)
            for number in range(4):
                before = {*mirror.held}
                try:
                    again = await mirror.sync(truth.now)
                except DataProcessingError:
                    continue
                if again.is_sure:
                    assert mirror.held == truth.items
                assert {*truth.items} & before <= {*mirror.held}
                truth.now += 30 * DAY
                truth.put(f"new-{number}", f"2019-0{number + 1}-07T00:00:00Z")
                truth.put("m01-003", "2019-02-11T00:00:00Z", cloud=number)
                del truth.items[f"m02-00{number}"]
                server.serve(truth.store())

    asyncio.run(run())


SERVERS = {
    "sound": [],
    "by query": ["undeclared=filter"],
    "by order": UNSEARCHABLE["ignored"],
    "whole": UNSORTED["ignored"],
    "no fields": ["undeclared=fields"],
    "no counts": ["no-counts"],
    "small pages": ["clamp-limit=3"],
    "not all by time": ["timeless-items=3"],
    "ends left out": ["exclusive-ends"],
}
NAMES = st.sampled_from([f"item-{number}" for number in range(12)])
INSTANTS = st.sampled_from(
    [
        "2019-01-01T00:00:00Z",
        "2019-01-31T23:59:59.999Z",
        "2019-02-01T00:00:00Z",
        "2019-02-14T12:00:00Z",
        "2020-07-01T00:00:00Z",
    ]
)
CHANGES = st.dictionaries(NAMES, st.one_of(st.none(), INSTANTS), max_size=6)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([*SERVERS]), st.lists(st.tuples(CHANGES, st.booleans()), min_size=1, max_size=4), st.booleans())
def test_after_any_history_the_output_is_what_the_server_has(server, history, ids_only):
    """After each of several syncs the output holds what the server has; with ids alone the plan says what it can't."""

    async def run(folder):
        truth = Truth.of_months(2, 3)
        async with serving(truth.store(), SERVERS[server]) as served:
            mirror = Mirror(served.url, folder, source={"limit": 4}, task_items=4, ids_only=ids_only)
            await mirror.sync(truth.now)
            for number, (changes, late) in enumerate(history):
                truth.now += 30 * DAY
                for name, instant in changes.items():
                    if instant is not None:
                        old = {"updated": "2020-01-01T00:00:00Z"} if late and name not in truth.items else {}
                        truth.put(name, instant, revision=number, **old)
                    elif not late:  # late and gone items of one month may hide each other: the docs say so
                        truth.items.pop(name, None)
                served.serve(truth.store())
                again = await mirror.sync(truth.now)
                assert again.is_settled
                assert {*mirror.held} == {*truth.items}
                assert mirror.held == truth.items or again.plan.unverified
                assert again.is_sure == (not again.plan.unverified and "no-counts" not in SERVERS[server])

    with TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
