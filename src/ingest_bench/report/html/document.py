"""The report as one HTML page: its template, filled in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import tostring

from markupsafe import Markup

from ingest_bench.report.blocks import Drawing, Section
from ingest_bench.report.html.inline import bare, inline
from ingest_bench.report.plots.sheet import style
from ingest_bench.report.templating import environment


def page(report: Section) -> str:
    """Return the report as one HTML document.

    Its own policy forbids it to load anything, and to run or apply anything but the script and the style that were
    written into it: foreign text that slipped through could do no harm.
    """
    made = environment().overlay()
    made.filters = made.filters | {function.__name__.strip("_"): _html(function) for function in _FILTERS}
    template = made.get_template("page.html.j2")
    return template.render(report=report, style=_asset("report.css") + style(), script=_asset("report.js"))


def _html(function: Callable[[Any], str]) -> Callable[[Any], Markup]:
    return lambda value: Markup(function(value))  # noqa: S704 - what they return is HTML: they escape what they are given


def _svg(drawing: Drawing) -> str:
    return tostring(drawing.svg, encoding="unicode")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return files("ingest_bench.report.html").joinpath(name).read_text(encoding="utf-8")


_FILTERS: tuple[Callable[[Any], str], ...] = (bare, inline, _svg, _digest)
