"""What stands around the data: axes, names of rows, the legend; and the sheet that plots stand on side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from xml.etree.ElementTree import Element, tostring

from ingest_bench.report.blocks import Drawing, Figure
from ingest_bench.report.formatting import plain
from ingest_bench.report.plots.scales import Scale, tick_text
from ingest_bench.report.plots.svg import LINE, NAMESPACE, box, line, mark, node, strokes, width_of, words, wrapped
from ingest_bench.results.models import Speedup

WIDTH = 380.0
"""Of every drawing: about what a phone shows without making it smaller."""
EDGE = 10.0
_TOP, _DEEP = 12.0, 190.0
BAND = 22.0
COLOURS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: `line`, `dashed`, `dot`, `box`, `noise`, `base`, `whisker`, `wrong`; and its meaning."""

    shape: str
    text: str
    place: int = 0


@dataclass
class Canvas:
    """Elements, and how far down they reach."""

    parts: list[Element] = field(default_factory=list)
    height: float = _TOP

    def add(self, *parts: Element) -> None:
        """Put elements on top of what is there."""
        self.parts.extend(parts)

    def noise(self, noise: Speedup | None, scale: Scale, middles: Iterable[float]) -> list[Key]:
        """Put a band behind each row, as wide as the noise, and say what it is."""
        if noise is None:
            return []
        left, wide = scale(noise.low), scale(noise.high) - scale(noise.low)
        self.parts[:0] = [box(left, y - BAND / 2, wide, BAND, "noise") for y in middles]
        return [Key("noise", "noise")]

    def drawing(self, title: str, alternative: str, shows: str, legend: Sequence[Key] = ()) -> Drawing:
        """Finish with the legend below."""
        self._legend(legend)
        height = self.height + 4
        svg = node(
            "svg",
            node("title", text=plain(alternative)),
            *self.parts,
            class_="plot",
            viewBox=f"0 0 {WIDTH:g} {height:g}",
            role="img",
        )
        return Drawing(title, shows, svg, WIDTH, height)

    def _legend(self, keys: Sequence[Key]) -> None:
        if not keys:
            return
        x, y = EDGE, self.height + LINE
        for key in keys:
            lines = wrapped(key.text, WIDTH - 2 * EDGE - 24)
            wide = 24 + max(map(width_of, lines)) + 12
            if x > EDGE and x + wide - 12 > WIDTH - EDGE:
                x, y = EDGE, y + LINE + 2
            self.add(_sample(key, x, y - 4), *(words(x + 24, y + LINE * n, text) for n, text in enumerate(lines)))
            y += LINE * (len(lines) - 1)
            x += wide
        self.height = y + 4


def coloured(place: int, *parts: Element) -> Element:
    """Give elements the colour of a series."""
    return node("g", *parts, class_=f"c{place % COLOURS}")


def plane(
    across: Callable[[float, float], Scale], up: Callable[[float, float], Scale], name: str
) -> tuple[Canvas, Scale, Scale]:
    """Draw two axes with their marks.

    Args:
        across: makes the scale from left to right out of where it starts and ends.
        up: same, from below to above.
        name: of what runs from left to right.

    """
    bottom = _TOP + _DEEP
    y = up(bottom, _TOP)
    left = EDGE + max((width_of(tick_text(tick)) for tick in y.ticks), default=0.0)
    x = across(left + 6, WIDTH - EDGE)
    canvas = Canvas(height=bottom + LINE)
    for tick in y.ticks:
        canvas.add(line(left + 6, y(tick), WIDTH - EDGE, y(tick), "grid"))
        canvas.add(words(left, y(tick) + 4, tick_text(tick), "soft", "end"))
    canvas.add(line(left + 6, bottom, WIDTH - EDGE, bottom, "axis"))
    _marks_below(canvas, x, bottom)
    canvas.height += LINE
    canvas.add(words((left + 6 + WIDTH - EDGE) / 2, canvas.height, name, "soft", "middle"))
    canvas.height += 4
    return canvas, x, y


def rows(
    names: Sequence[str],
    scale: Scale,
    lines: Sequence[float] = (),
    deep: float = BAND,
    text: Callable[[float], str] = tick_text,
) -> tuple[Canvas, list[float]]:
    """Draw a name above the place of each row, and an axis below all; returns the middles of the places.

    Args:
        names: of the rows, from above to below; foreign text.
        scale: from left to right.
        lines: values at which a dashed line stands.
        deep: height of a place.
        text: writes the values of the axis.

    """
    canvas, middles = Canvas(height=2.0), []
    for name in names:
        for part in wrapped(name, WIDTH - 2 * EDGE):
            canvas.height += LINE
            canvas.add(words(EDGE, canvas.height, part, "name"))
        middles.append(canvas.height + 4 + deep / 2)
        canvas.height += 4 + deep
    bottom = canvas.height + 2
    behind = [strokes([(scale(tick), 4, scale(tick), bottom) for tick in scale.ticks], "grid")]
    behind += [line(scale(value), 4, scale(value), bottom, "base") for value in lines]
    canvas.parts[:0] = behind
    canvas.height = bottom + LINE + 4
    _marks_below(canvas, scale, bottom, text)
    return canvas, middles


def _marks_below(canvas: Canvas, scale: Scale, bottom: float, write: Callable[[float], str] = tick_text) -> None:
    """Write the values below an axis, leaving out what would run into its neighbour or over the rim."""
    taken = 0.0
    for tick in scale.ticks:
        text = write(tick)
        half, place = width_of(text) / 2, scale(tick)
        if place - half < taken or place + half > WIDTH:
            continue
        canvas.add(line(place, bottom, place, bottom + 4, "axis"))
        canvas.add(words(place, bottom + LINE, text, "soft", "middle"))
        taken = place + half + 6


def _sample(key: Key, x: float, y: float) -> Element:
    middle = x + 9
    if key.shape == "noise":
        return box(x, y - 5, 18, 10, "noise")
    if key.shape in ("base", "whisker"):
        return line(x, y, x + 18, y, key.shape)
    if key.shape == "wrong":
        return mark(0, middle, y, wrong=True)
    if key.shape == "box":
        return coloured(key.place, box(x + 3, y - 6, 12, 12, "fill"))
    strokes = {"line": "line", "dashed": "line dashed"}
    joined = [line(x, y, x + 18, y, strokes[key.shape])] if key.shape in strokes else []
    return coloured(key.place, *joined, mark(key.place, middle, y))


GAP, HEADING, TITLE = 16.0, 26.0, 18.0
_COLUMNS = 2


def draw(figure: Figure) -> bytes:
    """Write a figure as an SVG file with its title; the same data give the same bytes."""
    columns = min(_COLUMNS, len(figure.drawings))
    wide = columns * WIDTH + (columns - 1) * GAP
    heading = wrapped(figure.title, (wide - 2 * EDGE) * 0.8)
    parts = [words(EDGE, HEADING * 0.75 + TITLE * place, text, "title") for place, text in enumerate(heading)]
    top = HEADING + TITLE * (len(heading) - 1)
    for start in range(0, len(figure.drawings), columns):
        row = figure.drawings[start : start + columns]
        parts += [part for place, drawing in enumerate(row) for part in _placed(drawing, place * (WIDTH + GAP), top)]
        top += max(drawing.height for drawing in row) + TITLE + GAP
    parts = [
        node("title", text=plain(figure.title)),
        node("style", text=style()),
        node("rect", width="100%", height="100%", class_="paper"),
        *parts,
    ]
    box = f"0 0 {wide:g} {top:g}"
    svg = node("svg", *parts, xmlns=NAMESPACE, class_="plot", viewBox=box, width=wide, height=top, role="img")
    return tostring(svg, encoding="unicode").encode()


def style() -> str:
    """Give the colours and letters of plots, for light and dark."""
    return files("ingest_bench.report.plots").joinpath("plot.css").read_text(encoding="utf-8")


def _placed(drawing: Drawing, left: float, top: float) -> list[Element]:
    inner = node(
        "svg",
        *drawing.svg,
        x=left,
        y=top + TITLE,
        width=drawing.width,
        height=drawing.height,
        viewBox=f"0 0 {drawing.width:g} {drawing.height:g}",
    )
    return [words(left + EDGE, top + TITLE * 0.75, drawing.title, "title"), inner]
