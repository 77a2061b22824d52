"""The comparison of tools as a page of its own, to sort and filter: its template, filled in."""

from collections.abc import Sequence

from ingest_bench.report.figures import tools_figure
from ingest_bench.report.html.document import filled
from ingest_bench.report.model.tools import Task
from ingest_bench.report.text.tools import NUMERIC, TITLES, fields, introduction


def comparison_page(tasks: Sequence[Task], measured: Sequence[str]) -> str:
    """Return the page as one HTML document, which loads nothing.

    Args:
        tasks: what tools are compared by; may be none.
        measured: a line about each run: where, when and how much.

    """
    lines = [{"task": task, "row": row, "fields": fields(task, row)} for task in tasks for row in task.rows]
    return filled(
        "comparison.html.j2",
        ["report.css", "comparison.css"],
        ["report.js", "comparison.js"],
        introduction=introduction(tasks) if tasks else [],
        tasks=list(dict.fromkeys(task.name for task in tasks)),
        tools=sorted({row.tool for task in tasks for row in task.rows}),
        titles=[*TITLES, "Version", "Command, remark"],
        numeric=NUMERIC,
        lines=lines,
        figure=tools_figure(tasks) if tasks else None,
        measured=measured,
    )
