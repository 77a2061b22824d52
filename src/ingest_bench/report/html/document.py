"""The report as one HTML page: its template, filled in."""

import base64
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import tostring

from markupsafe import Markup

from ingest_bench.report.blocks import Section
from ingest_bench.report.html.spreads import spread_svg
from ingest_bench.report.plots.axes import style as plot_style
from ingest_bench.report.templating import environment

_MARKS = {"**": "strong", "*": "em", "~~": "s"}
_TOKEN = re.compile(
    r"\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`]*)`"
    r"|\[(?P<words>[^\[\]\\]*)\]\(#(?P<anchor>[a-z0-9_-]+)\)"
    r"|(?P<mark>\*\*|~~|\*)"
)


def inline(text: str) -> str:
    """Write marked text as HTML with balanced tags; links lead to sections of the page only."""
    parts: list[str] = []
    opened: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts.append(escape(text[end : token.start()]))
        end = token.end()
        parts.append(_mark(token["mark"], opened) if token["mark"] else _token(token))
    parts.append(escape(text[end:]))
    parts += [f"</{tag}>" for tag in reversed(opened)]
    return "".join(parts)


def bare(text: str) -> str:
    """Give marked text without its marks, for where tags can't stand; escaped as HTML."""
    return re.sub(r"<[^>]*>", "", inline(text))


def _token(token: re.Match[str]) -> str:
    if token["literal"]:
        return escape(token["literal"])
    if token["code"] is not None:
        return f"<code>{escape(token['code'])}</code>"
    return f'<a href="#{token["anchor"]}">{escape(token["words"])}</a>'


def _mark(mark: str, opened: list[str]) -> str:
    """Open what a mark stands for, or close it with all that was opened inside of it."""
    tag = _MARKS[mark]
    if tag not in opened:
        opened.append(tag)
        return f"<{tag}>"
    place = opened.index(tag)
    closed = "".join(f"</{name}>" for name in reversed(opened[place:]))
    del opened[place:]
    return closed


def page(report: Section) -> str:
    """Return the report as one HTML document.

    Its own policy forbids it to load anything, and to run or apply anything but the script and the style that were
    written into it: foreign text that slipped through could do no harm.
    """
    return filled("page.html.j2", ["report.css"], ["report.js"], report=report)


def filled(template: str, styles: Sequence[str], scripts: Sequence[str], /, **values: Any) -> str:
    """Fill in a template of a page.

    Args:
        template: its name.
        styles: the files beside this module that its style is made of, before that of plots.
        scripts: the files that its script is made of.
        values: what it names, beside `style` and `script`.

    """
    made = environment().overlay()
    made.filters = made.filters | {name: _html(function) for name, function in _FILTERS.items()}
    style = "".join(map(_asset, styles)) + plot_style()
    return made.get_template(template).render(values, style=style, script="\n".join(map(_asset, scripts)))


def _html(function: Callable[..., str]) -> Callable[..., Markup]:
    return lambda *values: Markup(function(*values))  # noqa: S704 - what they return is HTML: they escape what they are given


def _asset(name: str) -> str:
    return files("ingest_bench.report.html").joinpath(name).read_text(encoding="utf-8")


_FILTERS: dict[str, Callable[..., str]] = {
    "bare": bare,
    "inline": inline,
    "spread": spread_svg,
    "svg": lambda drawing: tostring(drawing.svg, encoding="unicode"),
    "digest": lambda text: f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'",
}
