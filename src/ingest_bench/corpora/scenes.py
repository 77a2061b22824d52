"""When and where the items of a corpus were taken: datatakes spread unevenly over five years, MGRS-like tiles.

In a skewed corpus nine datatakes in ten lie in a hundredth of that time, and 500 items share one instant: what makes
cutting a search by time hard.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from ingest_bench.corpora.seeded_bytes import words

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 1826
DATATAKE_ITEMS = 48
"""Items in a row that come from one datatake; in a quarter of the datatakes they share one instant."""

_OUTAGE = range(700, 760)
_CROWD = range(900, 918)
"""The days of the crowd: a hundredth of all."""
_CROWD_TENTHS = 9
_TIED = range(DATATAKE_ITEMS, DATATAKE_ITEMS + 500)
_TIE = START + timedelta(days=910, hours=10, milliseconds=24)
_CAMPAIGNS = 12
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_COLUMNS = "ABCDEFGH", "JKLMNPQR", "STUVWXYZ"
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_ROWS_IN_BAND = 9
_TILES = 60 * len(_BANDS) * 8 * _ROWS_IN_BAND
_STRIDE = 53_597
"""Prime to the number of tiles, so that a corpus visits every tile once before it visits one again."""


class Datatake(NamedTuple):
    """One pass of a satellite."""

    start: datetime
    label: str
    """The start as it appears in ids."""
    spacecraft: str
    """`A` or `B`."""
    orbit: int
    instant: bool
    """Whether all items carry the same time."""


class Tile(NamedTuple):
    """A square of the grid; degrees in millionths, so that arithmetic is exact."""

    zone: int
    band: str
    square: str
    west: int
    south: int
    column: int
    name: str
    """As it appears in ids: `32TQM`."""

    @property
    def epsg(self) -> int:
        """The UTM zone's code."""
        return (32600 if self.band >= "N" else 32700) + self.zone


class Scene(NamedTuple):
    """What an item shows."""

    id: str
    time: datetime
    product: datetime
    product_label: str
    """The product's time as it appears in ids."""
    datatake: Datatake
    tile: Tile


def scene(seed: int, index: int, *, skewed: bool = False) -> Scene:
    """Give the scene of item `index`, 0 and up. Ids are unique up to 10 million items."""
    datatake = _datatake(seed, index // DATATAKE_ITEMS, skewed=skewed)
    delay, offset, milliseconds = words(f"{seed}/scene/{index}", 3)
    lap, slot = divmod(index, _TILES)
    tile = _tile((slot * _STRIDE + seed) % _TILES)
    # Two items of one tile are laps apart, and the lap shows in the seconds of the product's time.
    product = datatake.start + timedelta(seconds=10_800 + delay % 200 * 120 + lap)
    if skewed and index in _TIED:
        time = _TIE
    elif datatake.instant:
        time = datatake.start + timedelta(milliseconds=24)
    else:
        time = datatake.start + timedelta(seconds=offset % 900, milliseconds=1 + milliseconds % 999)
    label = _label(product)
    name = f"S2{datatake.spacecraft}_MSIL2A_{datatake.label}_R{datatake.orbit:03}_T{tile.name}_{label}"
    return Scene(name, time, product, label, datatake, tile)


@lru_cache(maxsize=256)
def _datatake(seed: int, number: int, *, skewed: bool) -> Datatake:
    draws = words(f"{seed}/datatake/{number}", 68)
    kind, campaign, day, second = draws[:4]
    if skewed and number % 10 < _CROWD_TENTHS:
        day = _CROWD.start + day % len(_CROWD)
    elif kind % 10 < 3:  # noqa: PLR2004 - three in ten belong to a campaign of three days
        first = words(f"{seed}/campaign/{campaign % _CAMPAIGNS}", 1)[0] % (DAYS - 3)
        day = first + day % 3
    else:
        day = _seasonal_day(draws[4:])
    start = START + timedelta(days=day, seconds=second % 86_400)
    return Datatake(
        start=start,
        label=_label(start),
        spacecraft="AB"[kind >> 8 & 1],
        orbit=1 + (kind >> 16) % 143,
        instant=kind >> 4 & 3 == 0,
    )


def _seasonal_day(draws: tuple[int, ...]) -> int:
    """Draw a day by rejection: five times as many in midsummer as in midwinter, none while the satellites were out."""
    day = 0
    for candidate, chance in zip(draws[::2], draws[1::2], strict=True):
        day = candidate % DAYS
        from_summer = abs(day % 365 - 182)
        if day not in _OUTAGE and chance % 1000 < 1000 - 800 * from_summer // 183:
            return day
    return day


def _label(time: datetime) -> str:
    return f"{time.year}{time.month:02}{time.day:02}T{time.hour:02}{time.minute:02}{time.second:02}"


def _tile(number: int) -> Tile:
    rest, row = divmod(number, _ROWS_IN_BAND)
    rest, column = divmod(rest, 8)
    zone, band = divmod(rest, len(_BANDS))
    row_letter = _ROWS[(band * _ROWS_IN_BAND + row + 5 * (zone % 2)) % len(_ROWS)]
    square = _COLUMNS[zone % 3][column] + row_letter
    return Tile(
        zone=zone + 1,
        band=_BANDS[band],
        square=square,
        west=-180_000_000 + 6_000_000 * zone + 750_000 * column,
        south=-80_000_000 + 8_000_000 * band + 888_888 * row,
        column=column,
        name=f"{zone + 1:02}{_BANDS[band]}{square}",
    )


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
