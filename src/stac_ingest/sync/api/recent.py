"""The items that were updated lately, by their keys and times: what the counts of the server are to be held against."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from contextlib import aclosing
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stac_ingest.api.intervals import SECOND, parse_instant
from stac_ingest.core.distinct import distinct
from stac_ingest.core.id_set import Key, key_of
from stac_ingest.core.key_hash import key_hash
from stac_ingest.sharding.splitters.stac_api import own_instant
from stac_ingest.sync.api.marks import Listed
from stac_ingest.sync.api.session import ApiSession
from stac_ingest.sync.api.updated import newest_first
from stac_ingest.sync.entries import NEVER
from stac_ingest.sync.progress import Progress

_TIMES = ["properties.datetime", "properties.start_datetime", "properties.end_datetime"]
FIELDS = ["id", "collection", *_TIMES]


class Cut(NamedTuple):
    """A stretch of time, in microseconds since 1970, and the items of these in it."""

    start: int | None
    """Itself included; None for an open start."""
    before: int | None
    """Itself excluded; None for an open end."""
    items: int


class Recent(NamedTuple):
    """Items that were updated lately: a row each, sorted by the key.

    Attributes:
        high: of the key's hash, uint64.
        low: the same.
        instant: the item's own, in microseconds since 1970, int64; NEVER for none.

    """

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    instant: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.high)

    def cut(self, items: int) -> list[Cut]:
        """Cut these items into stretches of time of about so many; into one where any has no instant.

        The ends are whole seconds, which every server knows.
        """
        if len(self) <= items or (self.instant == NEVER).any():
            return [Cut(None, None, len(self))] if len(self) else []
        ordered = np.sort(self.instant)
        whole = distinct(ordered[items::items] // SECOND * SECOND)
        ends = [int(one) for one in whole if one > ordered[0]]
        counts = np.diff([0, *np.searchsorted(ordered, ends), len(ordered)])
        return [Cut(*bounds, int(count)) for bounds, count in zip(pairwise([None, *ends, None]), counts, strict=True)]


def no_recent() -> Recent:
    """Return none."""
    return _sorted(array("Q"), array("Q"), array("q"))


async def recent_items(session: ApiSession, terms: Mapping[str, Any], progress: Progress) -> Recent:
    """Read which items were updated lately.

    Raises:
        DataProcessingError: a page could not be had.

    """
    highs, lows, instants = array("Q"), array("Q"), array("q")
    listed: list[Listed] = []
    async with aclosing(session.short_items(session.requested, FIELDS, listed, terms)) as pages:
        async for items in pages:
            for item in items:
                high, low = key_hash(*key_of(item))
                instant = own_instant(item)
                highs.append(high)
                lows.append(low)
                instants.append(NEVER if instant is None else instant)
            progress("listing what was updated", len(highs))
    return _sorted(highs, lows, instants)


class Latest(NamedTuple):
    """Items that were updated lately, as an API that sorts by `updated` has them first.

    Attributes:
        recent: what is known of them.
        keys: the same items by collection and id.

    """

    recent: Recent
    keys: list[Key]


async def latest_items(session: ApiSession, since: int, progress: Progress) -> Latest | None:
    """Read which items were updated since an instant, newest first, until an older one comes.

    Returns:
        None where they don't come in that order after all.

    Raises:
        DataProcessingError: a page could not be had.

    """
    keys, instants, before = list[Key](), array("q"), None
    pages = session.short_items(session.requested, [*FIELDS, "properties.updated"], [], newest_first())
    async with aclosing(pages):
        async for items in pages:
            older = False
            for item in items:
                updated = parse_instant((item.get("properties") or {}).get("updated"))
                if updated is None:
                    continue  # the months of such items are read whole
                if before is not None and updated > before:
                    session.summary.note("the server takes an order by `updated`, and items came in another one")
                    return None
                before = updated
                if updated < since:
                    older = True
                    continue
                instant = own_instant(item)
                keys.append(key_of(item))
                instants.append(NEVER if instant is None else instant)
            progress("listing what was updated", len(keys))
            if older:
                break
    hashes = [key_hash(*key) for key in keys]
    highs, lows = array("Q", (high for high, _ in hashes)), array("Q", (low for _, low in hashes))
    return Latest(_sorted(highs, lows, instants), keys)


def _sorted(highs: array[int], lows: array[int], instants: array[int]) -> Recent:
    high = np.array(highs, dtype=np.uint64)
    low = np.array(lows, dtype=np.uint64)
    order = np.lexsort((low, high))
    return Recent(high[order], low[order], np.array(instants, dtype=np.int64)[order])
