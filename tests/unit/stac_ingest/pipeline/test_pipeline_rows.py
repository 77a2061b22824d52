"""A pipeline of batches does what one of single items does: the same items written, dropped, skipped and failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.core.model import Item
from stac_ingest.core.rows import ItemRows, LineRows, Rows
from stac_ingest.errors import ItemError
from stac_ingest.failures import FailureCollector
from stac_ingest.pipeline import Modifier, PipelineResult, run_pipeline


class OneByOne:
    """Gives batches of items, one item after another."""

    def __init__(self, batches: Sequence[Sequence[Item]]) -> None:
        self._batches = batches

    async def fetch(self, context: Any) -> AsyncIterator[Item]:
        for batch in self._batches:
            for item in batch:
                yield item


class Batches(OneByOne):
    """Gives them as rows: every second batch as lines."""

    async def fetch_rows(self, context: Any, *, as_lines: bool) -> AsyncIterator[Rows]:
        for number, batch in enumerate(self._batches):
            rows = ItemRows.of(batch)
            yield rows if number % 2 else LineRows(rows.keys, list(map(orjson.dumps, batch)))


class Singly:
    """Keeps items in memory, and refuses some."""

    marks_completed = True

    def __init__(self, refused: set[str]) -> None:
        self.items: list[Item] = []
        self._refused = refused

    async def start(self, context: Any) -> None: ...

    async def close(self) -> None: ...

    async def bundle(self, item: Item, context: Any) -> None:
        if item["id"] in self._refused:
            raise ItemError("refused")
        self.items.append(item)

    async def finalize(self, context: Any) -> dict[str, Any]:
        return {"items": len(self.items)}


class Together(Singly):
    """Takes rows too."""

    as_lines = True

    async def bundle_rows(self, rows: Rows) -> list[tuple[Item, ItemError]]:
        failed = []
        for item in rows.items():
            try:
                await self.bundle(item, None)
            except ItemError as error:
                failed.append((item, error))
        return failed


class Singles:
    """A modifier of items: drops some, and fails at others."""

    def __init__(self, drops: set[str], fails: set[str]) -> None:
        self._drops, self._fails = drops, fails

    def modify(self, item: Item, context: Any) -> Item | None:
        if item["id"] in self._fails:
            raise ValueError("at fault")
        return None if item["id"] in self._drops else {**item, "seen": item.get("seen", 0) + 1}


class Whole(Singles):
    """The same for batches, where it can: not where an item is at fault."""

    declines = False

    def modify_rows(self, rows: Rows, context: Any) -> Rows | None:
        if self.declines:
            return None
        changed = [self.modify(item, context) for item in rows.items()]
        return ItemRows.of([item for item in changed if item is not None])


class Declining(Whole):
    """Never takes a batch."""

    declines = True


class Completed:
    """A checkpoint that has some items."""

    def __init__(self, ids: set[str]) -> None:
        self._ids, self.failed = ids, list[str]()
        self.completed_count = len(ids)

    def is_completed(self, item_id: str, collection_id: str | None = None) -> bool:
        return item_id in self._ids

    def mark_failed(self, item_id: str, error: object, collection_id: str | None = None) -> None:
        self.failed.append(item_id)

    def flush(self) -> None: ...


names = st.sampled_from(["a", "b", "c", "d", "e", "f"])
some = st.sets(names, max_size=3)
any_item = names.map(lambda name: {"id": name, "collection": "c"}) | st.sampled_from([{"id": ""}, {"id": 7}, {}])
Steps = list[tuple[type[Singles], set[str], set[str]]]
kinds: st.SearchStrategy[type[Singles]] = st.sampled_from([Singles, Whole, Declining])


def moved(
    fetcher: OneByOne, output: Singly, steps: Steps, completed: set[str], kind: Callable[[type[Singles]], type[Singles]]
) -> tuple[Any, ...]:
    checkpoints, failures = Completed(completed), FailureCollector()
    context: Any = SimpleNamespace(failure_collector=failures, checkpoints=checkpoints)
    modifiers: list[Modifier] = [kind(own)(drops, fails) for own, drops, fails in steps]
    result: PipelineResult = asyncio.run(run_pipeline(fetcher, modifiers, output, context))
    named = sorted((failure.item_id, failure.step_id, str(failure.error)) for failure in failures.get_all())
    counts = (result.fetched, result.skipped, result.duplicates, result.dropped, result.written, result.failed)
    return output.items, named, sorted(checkpoints.failed), counts


@given(
    st.lists(st.lists(any_item, max_size=4), max_size=4), st.lists(st.tuples(kinds, some, some), max_size=3), some, some
)
def test_batches_and_single_items_end_the_same(
    batches: list[list[Item]], steps: Steps, refused: set[str], completed: set[str]
) -> None:
    """Whatever is dropped, refused, done before or at fault: both pipelines write, count and name the same."""
    expected = moved(OneByOne(batches), Singly(refused), steps, completed, lambda _: Singles)
    assert moved(Batches(batches), Together(refused), steps, completed, lambda own: own) == expected


class Renaming(Batches):
    """Inherits batches, and changes what happens to single items."""

    async def fetch(self, context: Any) -> AsyncIterator[Item]:
        async for item in super().fetch(context):
            yield {**item, "id": f"new-{item['id']}"}


class Picky(Together):
    """Likewise, on the other side."""

    async def bundle(self, item: Item, context: Any) -> None:
        await super().bundle({**item, "picked": True}, context)


class Counting(Whole):
    """And in between."""

    def modify(self, item: Item, context: Any) -> Item | None:
        return {**item, "count": 1}


def test_a_class_that_overrides_single_items_alone_gets_single_items() -> None:
    """A stage that inherits its method for batches isn't passed over: what it does to an item is done."""
    batches: list[list[Item]] = [[{"id": "a"}, {"id": "b"}]]
    renamed, picked, counted = Together(set()), Picky(set()), Together(set())
    moved(Renaming(batches), renamed, [], set(), lambda own: own)
    moved(Batches(batches), picked, [], set(), lambda own: own)
    moved(Batches(batches), counted, [(Counting, set(), set())], set(), lambda own: own)
    assert [item["id"] for item in renamed.items] == ["new-a", "new-b"]
    assert all(item["picked"] for item in picked.items)
    assert all(item["count"] for item in counted.items)
