"""What there is at each epoch of a generated API: what epochs promise, and what it costs to know it."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest_bench.errors import MeasurementError
from ingest_bench.simulator.generated.description import Description, read_description
from ingest_bench.simulator.generated.history import History, id_keys, row_of_key
from ingest_bench.simulator.generated.months import MONTHS, Months
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.options import GENERATED

descriptions = st.builds(
    Description,
    items=st.integers(1, 400),
    seed=st.integers(0, 1000),
    changed=st.sampled_from([0, 0.02, 0.2]),
    moved=st.sampled_from([0, 0.1, 0.2]),
    added=st.sampled_from([0, 0.01, 0.2]),
    removed=st.sampled_from([0, 0.01, 0.2]),
)


def items_at(store: GeneratedStore, epoch: int) -> dict[str, dict[str, object]]:
    """Return the items of an epoch by id."""
    store.switch(epoch)
    lines = list(store.lines(range(len(store))))
    items = {item["id"]: item for item in map(json.loads, lines)}
    assert len(items) == len(lines)
    return items


def month(item: dict[str, dict[str, str]]) -> str:
    """Return the month that an item was taken in."""
    return item["properties"]["datetime"][:7]


@given(description=descriptions)
@settings(deadline=None, max_examples=30)
def test_epochs_do_what_they_promise(description: Description) -> None:
    """From epoch to epoch as many items change, move to another month, come and go as promised; others stay."""
    store, history = GeneratedStore(description), History(description)
    before = items_at(store, 0)
    assert len(before) == description.items
    for epoch in range(1, 4):
        after, delta = items_at(store, epoch), history.delta(epoch)
        start, end = (datetime.fromtimestamp(history.ends(each) / 1e6, UTC) for each in (epoch - 1, epoch))
        gone, new = before.keys() - after.keys(), after.keys() - before.keys()
        changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
        moved = {name for name in changed if month(before[name]) != month(after[name])}
        assert len(gone) == len(delta.removed) == min(description.count(description.removed), len(before))
        assert len(new) == len(delta.added) == description.count(description.added)
        assert len(changed) == len(delta.changed)
        assert len(changed) == min(description.count(description.changed), len(before) - len(gone))
        assert len(moved) == len(delta.moved)
        for name in changed | new:
            assert start < datetime.fromisoformat(after[name]["properties"]["updated"]) <= end
        before = after


@given(description=descriptions, epoch=st.integers(0, 3))
@settings(deadline=None, max_examples=60)
def test_times_of_an_item_are_in_order(description: Description, epoch: int) -> None:
    """Items are published once taken, unless they moved, and updated by the epoch's end; no second is whole."""
    history = History(description)
    state = history.state(epoch)
    created = history.created(state.rows)
    assert (created <= state.updated).all()
    for times in (created, state.updated, state.taken):
        assert (times % 1_000_000 >= 1000).all()
    assert (state.updated <= history.ends(epoch)).all()
    still = ~np.isin(
        state.rows, np.concatenate([history.delta(e).moved for e in range(1, epoch + 1)] or [state.rows[:0]])
    )
    assert (state.taken[still] <= created[still]).all()
    order = list(zip((-state.taken).tolist(), (-id_keys(state.rows)).tolist(), strict=True))
    assert order == sorted(order)


def test_a_truth_depends_on_the_description_alone() -> None:
    """Two processes that know the description know the same items, whichever epochs they have seen before."""
    one, other = GeneratedStore(Description(items=200, seed=3)), GeneratedStore(Description(items=200, seed=3), epoch=2)
    items_at(one, 3)
    assert items_at(one, 2) == items_at(other, 2)
    assert items_at(GeneratedStore(Description(items=200, seed=4)), 2) != items_at(other, 2)


def test_months_are_uneven_and_some_are_empty() -> None:
    """Over eight years one month in fifty holds a good part of all items, and at least one holds none."""
    for seed in range(20):
        state = History(Description(items=20_000, seed=seed)).state(0)
        starts = Months(seed, Description(items=1).end).starts * 1_000_000
        counts = np.bincount(np.searchsorted(starts, state.taken, side="right") - 1, minlength=MONTHS)
        assert len(counts) == MONTHS
        assert (counts == 0).any()
        assert np.sort(counts)[-2:].sum() > 4 * 2 / MONTHS * 20_000
        assert len(np.unique(state.taken)) < len(state.taken)


def test_ids_lead_back_to_rows() -> None:
    """No two rows have one id, and each id leads back to its row."""
    rows = np.concatenate([np.arange(5000), np.arange(2**31 - 5000, 2**31)])
    keys = id_keys(rows)
    assert len(np.unique(keys)) == len(rows)
    assert [row_of_key(key) for key in keys.tolist()] == rows.tolist()


def test_items_take_few_bytes() -> None:
    """A million items take less than 30 MB to hold, and less than 65 MB to make, at any epoch."""
    tracemalloc.start()
    try:
        store = GeneratedStore(Description(items=200_000))
        for epoch in (1, 2, 3):
            store.switch(epoch)
            held, peak = tracemalloc.get_traced_memory()
            assert held < 0.2 * 30e6
            assert peak < 0.2 * 65e6
    finally:
        tracemalloc.stop()


def test_a_description_that_cannot_be_used_is_refused(tmp_path) -> None:
    """The file, the member and what is wrong with it are named."""
    with pytest.raises(MeasurementError, match="can't be read: No such file"):
        read_description(tmp_path)
    (tmp_path / GENERATED).write_text('{"items": 0}')
    with pytest.raises(MeasurementError, match=r"generated.json: items: Input should be greater"):
        read_description(tmp_path)
    (tmp_path / GENERATED).write_text("[")
    with pytest.raises(MeasurementError, match=r"generated.json: the file: Invalid JSON"):
        read_description(tmp_path)
    with pytest.raises(ValidationError):
        Description(items=1, epoch_length=timedelta(days=60))
