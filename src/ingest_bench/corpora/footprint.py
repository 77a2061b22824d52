"""Footprints of scenes: outlines of a tile with some ragged edges, split where they cross the antimeridian."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ingest_bench.corpora.scenes import Tile

Ring = list[list[float]]

_WIDTH = 900_000
_HEIGHT = 980_000
_HALF_TURN = 180_000_000
_RAGGED = 8_000_000
"""How far a vertex may lie inside its edge; billionths of a degree, where the other lengths are millionths."""


def footprint(tile: Tile, draws: Sequence[int], edge: int) -> tuple[dict[str, Any], list[float]]:
    """Give geometry and bbox of a tile.

    Args:
        tile: the tile.
        draws: `8 * edge` random words.
        edge: vertices on each of the four sides.

    Returns:
        A Polygon, or a MultiPolygon with a part on either side of the antimeridian. There the bbox has its west side
        east of its east side, as RFC 7946 wants it.

    """
    west, south, east, north = tile.west, tile.south, tile.west + _WIDTH, tile.south + _HEIGHT
    if east < _HALF_TURN:
        ring = _ring((west, south, east, north), draws, edge)
        return {"type": "Polygon", "coordinates": [ring]}, _bbox([ring])
    half = max(edge // 2, 1)
    left = _ring((west, south, _HALF_TURN - 1, north), draws[: 8 * half], half)
    right = _ring((1 - _HALF_TURN, south, east - 2 * _HALF_TURN, north), draws[-8 * half :], half)
    box = _bbox([left, right])
    box[0] = min(x for x, _ in left)
    box[2] = max(x for x, _ in right)
    return {"type": "MultiPolygon", "coordinates": [[left], [right]]}, box


def _ring(box: tuple[int, int, int, int], draws: Sequence[int], edge: int) -> Ring:
    """Walk around counter-clockwise; the vertices lie a little inside the edges, so the ring never crosses itself."""
    west, south, east, north = box
    across, up = (east - west) // edge, (north - south) // edge
    words = iter(draws)
    ring = [_point(west + across * step, 1, south, 1, words) for step in range(edge)]
    ring += [_point(east, -1, south + up * step, 1, words) for step in range(edge)]
    ring += [_point(east - across * step, -1, north, -1, words) for step in range(edge)]
    ring += [_point(west, 1, north - up * step, -1, words) for step in range(edge)]
    ring.append(ring[0])
    return ring


def _point(x: int, x_inward: int, y: int, y_inward: int, words: Iterator[int]) -> list[float]:
    """Place a vertex. Odd billionths are never a whole number of degrees."""
    nano_x = x * 1000 + x_inward * (next(words) % _RAGGED)
    nano_y = y * 1000 + y_inward * (next(words) % _RAGGED)
    return [(nano_x | 1) / 1_000_000_000, (nano_y | 1) / 1_000_000_000]


def _bbox(rings: list[Ring]) -> list[float]:
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return [min(xs), min(ys), max(xs), max(ys)]
