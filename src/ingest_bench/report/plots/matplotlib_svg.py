"""What Matplotlib draws, as an element of the report: shapes only, as colours come from the report's style."""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import matplotlib as mpl
from matplotlib.figure import Figure

from ingest_bench.report.formatting import plain
from ingest_bench.report.plots.svg import NAMESPACE, SIZE, node

DPI = 72
"""A point is then a unit of the drawing."""
SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "stac-ingest-bench", "font.size": SIZE}
"""Text stays text, the same data give the same bytes, and letters have the size that those of other drawings have."""
CLASS = "class "
"""Before the class in a `gid`."""
_ANCHOR = re.compile(r"text-anchor: *(\w+)")


def as_element(figure: Figure, alternative: str) -> Element:
    """Write a figure as SVG.

    Args:
        figure: at `DPI`. The `gid` of what is in it is `CLASS` and a class of `plot.css`, for its colours.
        alternative: what it shows, in words.

    Returns:
        An element without any style of its own, so that a page's policy can forbid foreign ones.

    """
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # The browser has the letters that Matplotlib's own font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = fromstring(stream.getvalue())  # noqa: S314 - Matplotlib wrote it, a line before
    markers = {each.attrib["id"]: each.attrib["d"] for each in svg.iter(f"{{{NAMESPACE}}}path") if "id" in each.attrib}
    parts = [part for child in svg for part in _shapes(child, "", markers)]
    box = svg.attrib["viewBox"]
    return node("svg", node("title", text=plain(alternative)), *parts, class_="plot", viewBox=box, role="img")


@contextmanager
def our_settings() -> Iterator[None]:
    """Have Matplotlib draw with the same settings everywhere, whatever a file of the user's says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in SETTINGS.items():
            mpl.rcParams[name] = value
        yield


def _shapes(element: Element, class_: str, markers: Mapping[str, str]) -> Iterator[Element]:
    """Yield lines, markers and text, with the class of the group that they are in in the place of any style."""
    tag, own = _bare(element.tag), element.get("id", "")
    if tag == "g" and own.startswith(CLASS):
        class_ = own.removeprefix(CLASS)
    if tag == "text":
        found = _ANCHOR.search(element.get("style", ""))
        at = {"x": element.get("x"), "y": element.get("y"), "text_anchor": found[1] if found else None}
        yield node("text", text=element.text or "", class_=class_, **at)
    elif tag == "path":
        yield node("path", d=element.attrib["d"], class_=class_)
    elif tag == "use":
        named = {_bare(name): value for name, value in element.attrib.items()}
        shift = f"translate({named['x']} {named['y']})"
        yield node("path", d=markers[named["href"][1:]], transform=shift, class_=class_)
    elif tag == "g":
        for child in element:
            yield from _shapes(child, class_, markers)


def _bare(name: str) -> str:
    return name.rpartition("}")[2]
