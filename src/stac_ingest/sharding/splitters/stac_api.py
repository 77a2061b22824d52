"""A collection of a STAC API, cut by time, and how one interval of it is read.

The intervals of a STAC API are closed, so an item at a shared edge comes in two of them; and one with a duration may
come in all that it touches. It belongs to the interval that its own instant lies in, which is closed at its start and
open at its end. What comes elsewhere is kept aside, and the last job looks whether it came where it belongs, too:
servers differ in which of an item's times they search.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from stac_ingest.api.intervals import Interval, expected_span, parse_instant, parse_interval
from stac_ingest.api.search import search_datetime
from stac_ingest.api.search_forms import REFUSED_INTERVAL
from stac_ingest.config import IngestConfig, RequestBudget
from stac_ingest.errors import ResponseError
from stac_ingest.sharding.plan import Piece, Shard, TimePiece
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sharding.splitters.base import SplitPlan
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sharding.splitters.time_counts import CountedInterval, Counter, bisected
from stac_ingest.sources.stac_api import StacApiSource

if TYPE_CHECKING:
    from stac_ingest.core.model import Item
    from stac_ingest.summary import IngestSummary

_FINER = 2
"""Intervals are halved until so many make a shard: finer ones would balance better, at a request for each."""


class StacApiSplitter:
    """Cuts the items of a collection by time."""

    def __init__(self, settings: ShardedIngest) -> None:
        self._settings = settings
        self._requested = search_datetime(settings.datetime)[1]

    def stamp(self) -> None:
        """Return None: only requests would tell whether an API has changed, and a plan is kept until made anew."""

    def split(self) -> SplitPlan:
        """Count how the items lie in time, and cut where shards get similar numbers of them."""
        return asyncio.run(self._split())

    def config(self, shard: Shard, budget: RequestBudget | None = None) -> IngestConfig:
        """Return the settings by which a shard is read."""
        assert isinstance(shard.piece, TimePiece)
        interval = Interval(shard.piece.start, shard.piece.end)
        whole = interval == self._requested
        return self._settings.config(
            budget or shard.budget, datetime=self._settings.datetime if whole else str(interval)
        )

    @property
    def place(self) -> str:
        """Return the URL of the API."""
        return self._settings.source

    def source(self, shard: Shard, config: IngestConfig, summary: IngestSummary) -> StacApiSource:
        """Make the source of a shard."""
        return StacApiSource(config, None, summary, owns=self.owns(shard))

    def owns(self, shard: Shard) -> Callable[[Item], bool] | None:
        """Look whether an item's own instant lies in the shard. An item without one is the last job's."""
        assert isinstance(shard.piece, TimePiece)
        start, before = shard.piece.own_from, shard.piece.own_before
        if start is None and before is None:
            return None

        def lies_in_shard(item: Item) -> bool:
            instant = own_instant(item)
            return instant is not None and (start is None or instant >= start) and (before is None or instant < before)

        return lies_in_shard

    async def _split(self) -> SplitPlan:
        async with Counter(self._settings) as counter:
            total = await counter.count(self._requested)
            # An open end is taken for that of this year, so that a plan made tomorrow is the same.
            this_year = parse_interval(f"{datetime.now(UTC).year}").end or 0
            extent = Interval(*expected_span(counter.extent, self._requested, this_year))
            if total is None:
                return self._uncounted(counter, extent)
            shards = self._settings.shards or max(1, -(-total // self._settings.items_per_shard))
            counted = [CountedInterval(self._requested, total)]
            notes = []
            if shards > 1:
                max_items = max(1, total // (_FINER * shards))
                try:
                    counted = await bisected(counter, self._requested, extent, total, max_items)
                except ResponseError as error:
                    if error.status not in REFUSED_INTERVAL:
                        raise
                    notes = [f"the server refuses an interval of time (status {error.status}), so one shard reads all"]
            parts = [counted[part.start : part.stop] for part in balanced([one.items for one in counted], shards)]
            intervals = [Interval(part[0].interval.start, part[-1].interval.end) for part in parts]
            expected = [sum(one.items for one in part) for part in parts]
            return SplitPlan(
                _pieces(intervals), expected, total, counts_items=True, requests=counter.requests, notes=notes
            )

    def _uncounted(self, counter: Counter, extent: Interval) -> SplitPlan:
        """Cut evenly in time what the server doesn't count."""
        assert extent.start is not None
        assert extent.end is not None
        shards = min(self._settings.shards or 1, max(1, extent.end - extent.start))
        inner = [extent.start + (extent.end - extent.start) * i // shards for i in range(1, shards)]
        edges = [self._requested.start, *inner, self._requested.end]
        intervals = [Interval(*pair) for pair in pairwise(edges)]
        note = "the server gives no numberMatched, so shards are even in time and not in items"
        return SplitPlan(_pieces(intervals), [0] * len(intervals), None, requests=counter.requests, notes=[note])


def own_instant(item: Item) -> int | None:
    """Return the instant by which an item belongs to a shard: its `datetime`, or else the start of its duration."""
    properties: Any = item.get("properties")
    if not isinstance(properties, dict):
        return None
    instants = (parse_instant(properties.get(name)) for name in ("datetime", "start_datetime", "end_datetime"))
    return next((instant for instant in instants if instant is not None), None)


def _pieces(intervals: list[Interval]) -> list[Piece]:
    """Make pieces of intervals that meet. What lies outside of all belongs to the outermost."""
    last = len(intervals) - 1
    return [
        TimePiece(
            start=start,
            end=end,
            own_from=start if number > 0 else None,
            own_before=end if number < last else None,
        )
        for number, (start, end) in enumerate(intervals)
    ]
