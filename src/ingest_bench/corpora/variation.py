"""New values in the place of old ones: of the same type, about as long, and a function of a name alone.

Within an item the same number always becomes the same other one, so that rings stay closed and boxes fit.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ingest_bench.corpora.seeded_bytes import words

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(.*)", re.DOTALL)
_MAX_DAYS = 1826
_MAX_YEAR = 9900
_MEASURED = 100_000
"""Whole numbers from here on are taken for measurements, such as sizes; smaller ones say a code, a count or a class."""
_MAX_INT = 2**63
_MAX_PLACES = 9
_MAX_SHIFT = 5
"""Degrees by which a footprint is moved, at most."""


class Variation:
    """The changes of one item: how far it moves in time and space, and which number becomes which."""

    def __init__(self, name: str, item: dict[str, Any], old_id: str, new_id: str) -> None:
        """Draw the changes.

        Args:
            name: what they depend on.
            item: the item to be changed; it is only looked at.
            old_id: replaced wherever it stands in a text.
            new_id: what replaces it.

        """
        self._name = name
        self._old_id, self._new_id = old_id, new_id
        days, seconds, east, north = words(f"{name}/shift", 4)
        self._later = timedelta(days=days % _MAX_DAYS, seconds=seconds % 86_400)
        self._east, self._north = _room(item, east, north)

    def value(self, old: Any) -> Any:
        """Return what stands in the place of a value of the item, its geometry and box aside."""
        match old:
            case dict():
                return {key: self.value(inner) for key, inner in old.items()}
            case list():
                return [self.value(inner) for inner in old]
            case str():
                return self._text(old)
            case float():
                return self._float(old)
            case int() if not isinstance(old, bool) and _MEASURED <= abs(old) < _MAX_INT:
                return self._int(old)
        return old

    def geometry(self, old: Any) -> Any:
        """Return the geometry, moved as a whole; one that is null stays null."""
        if not isinstance(old, dict):
            return old
        moved = dict(old)
        if "coordinates" in old:
            moved["coordinates"] = self._moved(old["coordinates"])
        if isinstance(old.get("geometries"), list):
            moved["geometries"] = [self.geometry(inner) for inner in old["geometries"]]
        return moved

    def box(self, old: Any) -> Any:
        """Return the bounding box, moved like the geometry."""
        if not isinstance(old, list) or len(old) not in {4, 6}:
            return old
        half = len(old) // 2
        return self._moved(old[:half]) + self._moved(old[half:])

    def _moved(self, old: Any) -> Any:
        if isinstance(old, list) and len(old) > 1 and all(isinstance(part, int | float) for part in old):
            return [_added(old[0], self._east), _added(old[1], self._north), *old[2:]]
        return [self._moved(part) for part in old] if isinstance(old, list) else old

    def _text(self, old: str) -> str:
        return moved_instant(old, self._later) or old.replace(self._old_id, self._new_id)

    def _float(self, old: float) -> float:
        whole, _, decimals = repr(old).partition(".")
        # A whole number is a grid's spacing or origin; one with an exponent, or not finite, keeps its spelling.
        if not decimals.isdigit() or decimals == "0":
            return old
        *drawn, last = self._digits(repr(old), len(decimals))
        return float(f"{whole}.{''.join(map(str, drawn))}{last % 9 + 1}")

    def _int(self, old: int) -> int:
        sign, text = "-" if old < 0 else "", str(abs(old))
        new = int(f"{sign}{text[0]}{''.join(map(str, self._digits(str(old), len(text) - 1)))}")
        return new if abs(new) < _MAX_INT else old

    def _digits(self, old: str, count: int) -> list[int]:
        return [word % 10 for word in words(f"{self._name}/{old}", count)]


def moved_instant(text: str, by: timedelta) -> str:
    """Return an instant (RFC 3339) some time later, in the same spelling; an empty text where it is none."""
    if not (found := _INSTANT.fullmatch(text)):
        return ""
    try:
        time = datetime.fromisoformat(found[1])
    except ValueError:
        return ""
    later = time + by if time.year < _MAX_YEAR else time
    return later.isoformat() + found[2]


def _room(item: dict[str, Any], east: int, north: int) -> tuple[float, float]:
    """Return by how many degrees an item may be moved and stay on the map, as drawn from two words."""
    geometry, box = item.get("geometry"), item.get("bbox")
    points = list(_points(geometry))
    if isinstance(box, list) and len(box) in {4, 6}:
        points += [(box[0], box[1]), (box[len(box) // 2], box[len(box) // 2 + 1])]
    if not points or not all(isinstance(part, int | float) for point in points for part in point):
        return 0, 0
    longitudes, latitudes = zip(*points, strict=True)
    return _drawn(east, longitudes, 180), _drawn(north, latitudes, 90)


def _drawn(word: int, values: tuple[float, ...], limit: int) -> float:
    low, high = max(-_MAX_SHIFT, -limit - min(values)), min(_MAX_SHIFT, limit - max(values))
    if not low < high:  # it reaches from end to end, or lies outside of the map
        return 0
    # As few decimal places as the coarsest coordinate has: so no sum is rounded that wasn't, and what was larger stays
    # larger.
    unit: int = 10 ** min(_MAX_PLACES, *map(_places, values))
    return int((low + (high - low) * word / 2**32) * unit) / unit


def _points(geometry: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(geometry, dict):
        yield from _positions(geometry.get("coordinates"))
        inside = geometry.get("geometries")
        for inner in inside if isinstance(inside, list) else ():
            yield from _points(inner)


def _positions(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list) and len(value) > 1 and not isinstance(value[0], list):
        yield value[0], value[1]
    elif isinstance(value, list):
        for inner in value:
            yield from _positions(inner)


def _added(old: float, shift: float) -> float:
    """Add, and keep the number of decimal places."""
    return old + int(shift) if isinstance(old, int) else round(old + shift, _places(old))


def _places(value: float) -> int:
    """Return how many decimal places a number is written with."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))
