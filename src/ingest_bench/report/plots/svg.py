"""SVG elements, and how wide text is."""

import textwrap
import unicodedata
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ingest_bench.report.formatting import plain

NAMESPACE = "http://www.w3.org/2000/svg"
SIZE = 12.0
"""Of letters, in the units that a drawing has 380 of from side to side: readable where a phone shows it whole."""
LINE = 15.0
_NARROW, _SLIM, _BROAD = frozenset("ijlI|.,:;'!` "), frozenset('ftr()[]{}-/\\"'), frozenset("mwMW%@#&")


def node(tag: str, *children: Element | None, text: str = "", **attributes: float | str | None) -> Element:
    """Make an element; in names of attributes an underscore stands for a hyphen, and one at the end for nothing."""
    element = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            written = value if isinstance(value, str) else f"{round(value, 1):g}"
            element.set(name.rstrip("_").replace("_", "-"), written)
    element.text = text or None
    element.extend(child for child in children if child is not None)
    return element


def words(x: float, y: float, text: str, class_: str | None = None, anchor: str | None = None) -> Element:
    """Write a line of text; foreign text becomes one printable line."""
    return node("text", text=plain(text), x=x, y=y, class_=class_, text_anchor=anchor)


def path(points: Sequence[tuple[float, float]], class_: str, *, closed: bool = False) -> Element:
    """Draw a line through points, or fill what they go around."""
    return node("path", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z" * closed, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Element:
    """Draw a straight line."""
    return path([(x1, y1), (x2, y2)], class_)


def strokes(ends: Sequence[tuple[float, float, float, float]], class_: str) -> Element:
    """Draw straight lines as one element: a page has hundreds of a grid.

    Args:
        ends: of each, x and y of where it starts and of where it ends.
        class_: of all of them.

    """
    return node("path", d="".join(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" for x1, y1, x2, y2 in ends), class_=class_)


def box(x: float, y: float, width: float, height: float, class_: str) -> Element:
    """Draw a rectangle."""
    return node("rect", x=x, y=y, width=max(0.0, width), height=max(0.0, height), class_=class_)


def mark(place: int, x: float, y: float, size: float = 4.0, *, wrong: bool = False) -> Element:
    """Draw the marker of a series: a shape of its own, so that colour isn't needed; a cross for what doesn't count."""
    if wrong:
        shape = f"m-{size}-{size}l{2 * size} {2 * size}m0-{2 * size}l-{2 * size} {2 * size}"
        return node("path", d=f"M{x:.1f} {y:.1f}{shape}", class_="line")
    return marks(place, [(x, y)], size)


def marks(place: int, points: Sequence[tuple[float, float]], size: float = 4.0) -> Element:
    """Draw the marker of a series at many points, as one element."""
    shapes = (
        f"m-{size} 0a{size} {size} 0 1 0 {2 * size} 0a{size} {size} 0 1 0-{2 * size} 0",
        f"m-{size}-{size}h{2 * size}v{2 * size}h-{2 * size}z",
        f"m0-{size}l{size} {2 * size}h-{2 * size}z",
        f"m0-{size}l{size} {size}l-{size} {size}l-{size}-{size}z",
        f"m0 {size}l{size}-{2 * size}h-{2 * size}z",
        f"m-{size}-{size}h{2 * size}l-{2 * size} {2 * size}h{2 * size}z",
    )
    shape = shapes[place % len(shapes)]
    return node("path", d="".join(f"M{x:.1f} {y:.1f}{shape}" for x, y in points), class_="fill")


def width_of(text: str, size: float = SIZE) -> float:
    """Give how wide a text is at most in the common fonts without serifs."""
    return size * sum(map(_em, text))


def wrapped(text: str, width: float) -> list[str]:
    """Break foreign text into lines that are no wider than `width`; no letter is dropped."""
    written = plain(text)
    if width_of(written) <= width:
        return [written]
    mean = width_of(written, 1.0) / len(written)
    columns = max(4, int(width / SIZE / mean))
    lines = textwrap.wrap(written, columns)
    while columns > 4 and any(width_of(each) > width for each in lines):  # noqa: PLR2004 - the narrowest line
        columns -= 1
        lines = textwrap.wrap(written, columns)
    return lines


def _em(sign: str) -> float:
    if sign in _NARROW:
        return 0.36
    if sign in _SLIM:
        return 0.46
    if sign in _BROAD or unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    return 0.73 if sign.isupper() else 0.64
