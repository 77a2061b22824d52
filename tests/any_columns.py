"""Arrow columns of any type for property tests: nested, sliced, with nulls at every level, and with hostile texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ['"', "\\", "\x00\x1f", '","id":"x', "\n", "é\u2028"]
)
Leaf: TypeAlias = tuple[pa.DataType, st.SearchStrategy[Any]]
LEAVES: list[Leaf] = [
    (pa.string(), texts),
    (pa.large_string(), texts),
    (pa.string(), st.just("constant")),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.int8(), st.sampled_from([0, 1])),
    (pa.bool_(), st.booleans()),
    (pa.float64(), st.floats()),
    (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, 1e22, 1e-7])),
    (pa.float32(), st.sampled_from([0.5, 2.0, -3.0])),
    (pa.null(), st.none()),
]


MORE: list[Leaf] = [
    (pa.float16(), st.sampled_from([np.float16(0.5), np.float16(-2.0)])),
    (pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.timestamp("s"), st.integers(-(10**9), 10**10)),
    (pa.timestamp("us", "UTC"), st.integers(-(10**15), 10**15) | st.sampled_from([0, 10**6, 10**3])),
    (pa.timestamp("ns"), st.integers(-(10**17), 10**17)),
    (pa.date32(), st.integers(-(10**4), 10**4)),
    (pa.time64("us"), st.integers(0, 86_399_999_999)),
    (pa.duration("ms"), st.integers(-(10**6), 10**6)),
    (pa.decimal128(12, 3), st.decimals(-(10**6), 10**6, places=3)),
    (pa.decimal128(20, 0), st.integers(-(10**19), 10**19).map(Decimal)),
    (pa.binary(), st.binary(max_size=3)),
    (pa.dictionary(pa.int8(), pa.string()), texts),
    (pa.dictionary(pa.uint16(), pa.string()), st.sampled_from(["a", "b"])),
    (pa.dictionary(pa.int32(), pa.int64()), st.integers(0, 2)),
]
"""Types of which JSON has another form."""


def _struct(members: dict[str, Leaf]) -> tuple[pa.DataType, Any]:
    values = st.fixed_dictionaries({name: st.none() | value for name, (_, value) in members.items()})
    return pa.struct([(name, kind) for name, (kind, _) in members.items()]), values


def _list(member: Leaf, least: int, most: int) -> tuple[pa.DataType, Any]:
    return pa.list_(member[0]), st.lists(st.none() | member[1], min_size=least, max_size=most)


def _map(member: Leaf) -> tuple[pa.DataType, Any]:
    pairs = st.dictionaries(texts, st.none() | member[1], max_size=2).map(lambda found: list(found.items()))
    return pa.map_(pa.string(), member[0]), pairs


names = st.sampled_from(["a", "A", 'q"', "x:y", "\\", ""])


def typed(leaves: list[Leaf]) -> st.SearchStrategy[Leaf]:
    """Draw a type that is made of these, and what draws a value of it."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: (
            st.dictionaries(names, inner, min_size=1, max_size=3).map(_struct)
            | st.tuples(inner, st.sampled_from([(0, 2), (1, 1), (2, 2)])).map(lambda found: _list(found[0], *found[1]))
            | inner.map(_map)
        ),
        max_leaves=5,
    )


@st.composite
def columns(draw: st.DrawFn, leaves: list[Leaf] = LEAVES) -> pa.Array:
    """Draw a column of some type, with nulls or without, cut out of a longer one."""
    kind, value = draw(typed(leaves))
    rows = draw(st.lists(value | st.none() if draw(st.booleans()) else value, min_size=1, max_size=6))
    start = draw(st.integers(0, len(rows) - 1))
    return pa.array(rows, kind)[start:]
