"""The comparison of tools as a page of its own, to sort and filter: its template, filled in."""

from collections.abc import Sequence

from ingest_bench.report.figures import tools_figure
from ingest_bench.report.html.document import filled
from ingest_bench.report.model.tools import Work
from ingest_bench.report.text.tools import NUMERIC, TITLES, fields, introduction


def comparison_page(works: Sequence[Work], measured: Sequence[str]) -> str:
    """Return the page as one HTML document, which loads nothing.

    Args:
        works: what tools are compared by; may be none.
        measured: a line about each run: where, when and how much.

    """
    lines = [{"work": work, "row": row, "fields": fields(work, row)} for work in works for row in work.rows]
    return filled(
        "comparison.html.j2",
        ["report.css", "comparison.css"],
        ["report.js", "comparison.js"],
        introduction=introduction(works) if works else [],
        works=list(dict.fromkeys(work.name for work in works)),
        tools=sorted({row.tool for work in works for row in work.rows}),
        titles=[*TITLES, "Version", "Command, remark"],
        numeric=NUMERIC,
        lines=lines,
        figure=tools_figure(works) if works else None,
        measured=measured,
    )
