"""Finds the items of a generated API: by columns where that is possible, else by making the items."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ingest_bench.simulator.generated.store import TIMES, GeneratedStore
from ingest_bench.simulator.generated.time_tests import condition_mask, node_mask, parts_of
from ingest_bench.simulator.item_filter import Filter, ItemIndex
from ingest_bench.simulator.item_store import Store
from ingest_bench.simulator.options import Options
from ingest_bench.simulator.query_params import InvalidParameterError
from stac_ingest.cql2 import read_expression

Found: TypeAlias = range | NDArray[np.int32]

_MADE = 10_000
"""Items that are made at once where no column says whether they match."""
_REMEMBERED = 64
"""Searches whose result is kept at most."""
_SORTABLE = (*TIMES, "id", "collection")


class GeneratedIndex:
    """Finds the items that match a filter, newest first or in the order that is asked for."""

    def __init__(self, store: GeneratedStore, options: Options, *, remembered_bytes: int = 64 * 2**20) -> None:
        """Find items of a store.

        Args:
            store: the items.
            options: of the server.
            remembered_bytes: how large the results that are kept may be, all told; the last one is always kept.

        """
        self._store, self._options, self._remembered_bytes = store, options, remembered_bytes
        self._remembered: OrderedDict[Filter, Found] = OrderedDict()

    @property
    def remembered(self) -> int:
        """Number of searches whose result is kept."""
        return len(self._remembered)

    def forget(self) -> None:
        """Forget what was found: there are other items now."""
        self._remembered.clear()

    def find(self, wanted: Filter) -> Found:
        """Return the indices in the store of the items that match, in order.

        Raises:
            InvalidParameterError: a field that the items can't be sorted by.

        """
        remembered = self._remembered
        if wanted in remembered:
            remembered.move_to_end(wanted)
            return remembered[wanted]
        found = remembered[wanted] = self._find(wanted)
        while len(remembered) > 1 and (
            len(remembered) > _REMEMBERED or sum(map(_bytes, remembered.values())) > self._remembered_bytes
        ):
            remembered.popitem(last=False)
        return found

    def _find(self, wanted: Filter) -> Found:
        if wanted.collections is not None and self._store.collection_id not in wanted.collections:
            return range(0)
        found, rest = self._by_columns(replace(wanted, collections=None, order=()))
        if rest != Filter() and len(found):
            found = self._by_making(found, rest)
        return self._in_order(found, wanted.order) if wanted.order else found

    def _by_columns(self, wanted: Filter) -> tuple[Found, Filter]:
        """Return the items that columns leave, and what else has to hold of them."""
        store = self._store
        within = range(len(store))
        options = self._options
        if wanted.interval and options.durations and not options.exclusive_ends and options.timeless is None:
            within = store.between(*wanted.interval)
            wanted = replace(wanted, interval=None)
        found: Found = within
        if wanted.ids is not None:
            named = store.indices(wanted.ids)
            found = named[(named >= within.start) & (named < within.stop)]
            wanted = replace(wanted, ids=None)
        where = slice(found.start, found.stop) if isinstance(found, range) else found

        def column(name: str) -> NDArray[np.int64]:
            return store.id_keys(where) if name == "id" else store.times(name, where)

        mask, query = np.ones(len(found), dtype=np.bool_), []
        for condition in wanted.query:
            if (one := condition_mask(condition, column)) is None:
                query.append(condition)
            else:
                mask &= one
        wanted = replace(wanted, query=tuple(query))
        if wanted.expression is not None:
            masks = [node_mask(part, column) for part in parts_of(read_expression(wanted.expression, "filter"))]
            for one in masks:
                if one is not None:
                    mask &= one
            if None not in [one if one is None else True for one in masks]:
                wanted = replace(wanted, expression=None)
        return (found, wanted) if mask.all() else (_chosen(found, np.flatnonzero(mask)), wanted)

    def _by_making(self, found: Found, wanted: Filter) -> Found:
        """Return those of the items that match, as the generic search says."""
        store, parts = self._store, []
        for start in range(0, len(found), _MADE):
            some = found[start : start + _MADE]
            made = Store(Path("generated"), b"\n".join(store.lines(some)), store.collection)
            inside = ItemIndex(made, self._options).find(wanted)
            parts.append(_chosen(some, np.asarray(inside, dtype=np.int64)))
        return np.concatenate(parts)

    def _in_order(self, found: Found, order: tuple[tuple[str, bool], ...]) -> Found:
        keys = []
        where = slice(found.start, found.stop) if isinstance(found, range) else found
        for field, descending in order:
            name = field.removeprefix("properties.")
            if name not in _SORTABLE:
                raise InvalidParameterError(f"sortby: {field} is not one of {', '.join(_SORTABLE)}")
            if name != "collection":
                column = self._store.id_keys(where) if name == "id" else self._store.times(name, where)
                keys.append(-column if descending else column)
        return _chosen(found, np.lexsort(keys[::-1])) if keys else found


def _chosen(found: Found, places: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the items at some places of a list."""
    if isinstance(found, range):
        return (np.asarray(places) + found.start).astype(np.int32)
    return found[places]


def _bytes(found: Found) -> int:
    return 0 if isinstance(found, range) else found.nbytes
