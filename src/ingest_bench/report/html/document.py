"""The page around the content: head, contents, style and the little script that sorts tables."""

from __future__ import annotations

import base64
from hashlib import sha256
from importlib.resources import files

from ingest_bench.report.blocks import Section
from ingest_bench.report.html.blocks import blocks_html, section_html
from ingest_bench.report.html.inline import bare, inline
from ingest_bench.report.plots.sheet import style


def page(report: Section) -> str:
    """Write the report as one HTML document.

    Its own policy forbids it to load anything, and to run or apply anything but the script and the style that were
    written into it: foreign text that slipped through could do no harm.
    """
    sheet, script = _asset("report.css") + style(), _asset("report.js")
    policy = f"default-src 'none'; img-src data:; style-src {_digest(sheet)}; script-src {_digest(script)}"
    first, *others = [block for block in report.blocks if isinstance(block, Section)]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{bare(report.title)}</title>
<link rel="icon" href="data:,">
<style>{sheet}</style>
</head>
<body>
<header><h1>{inline(report.title)}</h1></header>
<main>
{section_html(first, 2)}
{_contents(others)}
{blocks_html(others, 2)}
</main>
<script>{script}</script>
</body>
</html>
"""


def _contents(sections: list[Section]) -> str:
    links = "\n".join(f'<li><a href="#{section.anchor}">{inline(section.title)}</a></li>' for section in sections)
    return f'<nav aria-label="Contents">\n<ul>\n{links}\n</ul>\n</nav>'


def _asset(name: str) -> str:
    return files("ingest_bench.report.html").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
