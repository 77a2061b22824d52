"""The curve that keeps near points together."""

from __future__ import annotations

import numpy as np
import pytest

from stac_ingest.geoparquet import hilbert


@pytest.mark.parametrize(("axes", "bits"), [(2, 1), (2, 4), (3, 1), (3, 3)])
def test_the_curve_goes_from_each_cell_to_one_beside_it(monkeypatch: pytest.MonkeyPatch, axes: int, bits: int) -> None:
    """Every cell of a grid has a key of its own, and the cells of two keys in a row touch: so it is Hilbert's curve."""
    monkeypatch.setattr(hilbert, "_BITS", axes * bits)
    grid = np.meshgrid(*[np.arange(1 << bits, dtype=np.uint64)] * axes, indexing="ij")
    points = [axis.ravel() for axis in grid]
    keys = hilbert.hilbert_keys(points)
    order = np.argsort(keys)
    assert keys[order].tolist() == list(range(1 << (axes * bits)))
    steps = sum(np.abs(np.diff(axis[order].astype(np.int64))) for axis in points)
    assert set(np.atleast_1d(steps).tolist()) == {1}


def test_keys_fit_a_signed_integer_at_the_ends_of_all_axes() -> None:
    """The largest coordinates have keys that are no negative numbers."""
    for axes in (2, 3):
        top = (1 << hilbert.bits_of_axis(axes)) - 1
        ends = [np.array([0, top], np.uint64)] * axes
        assert (hilbert.hilbert_keys(ends) >= 0).all()
