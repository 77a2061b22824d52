"""Tools beside ours: the table of all tasks, and per task which tool is faster."""

from collections.abc import Sequence

from ingest_bench.report.blocks import Block, BulletList, Entry, Paragraph, Section, Table
from ingest_bench.report.figures import tools_figure
from ingest_bench.report.formatting import NOTHING, interval, number, safe, speed_up, whole
from ingest_bench.report.model.ranking import TIES
from ingest_bench.report.model.tools import Task, ToolRow
from ingest_bench.report.templating import text, texts

TITLE = "Tools compared"
TITLES = ("Task", "Tool", "Time / baseline", "Time (s)", "Memory (MiB)", "Output (MB)", "Items lost", "Reads")
NUMERIC = frozenset((2, 3, 4, 5, 6))
STATES = {"few": "too few pairs", "missing": "not installed", "deferred": "deferred", "failed": "failed"}


def tools_section(tasks: Sequence[Task]) -> Section | None:
    """Arrange what is said of the tools; None where no commands were measured."""
    if not tasks:
        return None
    remarks = texts("tools", "remarks", tasks=tasks)
    blocks: list[Block] = [
        *introduction(tasks),
        Paragraph("`comparison.html` has the same to sort and filter, with the command lines."),
        Table("All tasks and tools", TITLES, [fields(task, row) for task in tasks for row in task.rows], NUMERIC),
        *([BulletList(remarks)] if remarks else []),
        tools_figure(tasks),
    ]
    return Section(TITLE, blocks)


def introduction(tasks: Sequence[Task]) -> list[Paragraph]:
    """Say in how many tasks another tool is faster, how the numbers are to be read, and what a change costs."""
    baselines, longer = list(dict.fromkeys(task.baseline for task in tasks)), any(task.longer for task in tasks)
    deferred = sum(len(task.standing("deferred")) for task in tasks)
    return [
        Paragraph(text("tools", "gist", tasks=tasks, baselines=baselines, deferred=deferred)),
        Paragraph(text("tools", "intro", baselines=baselines, longer=longer)),
        *(Paragraph(line) for line in texts("tools", "changes", tasks=tasks)),
    ]


def fields(task: Task, row: ToolRow) -> list[Entry]:
    """Write a row of the table; struck through where it delivers something else, but for what it is about."""
    megabytes = None if row.output_bytes is None else row.output_bytes / 1e6
    ratio = row.ratio.median if row.ratio else None
    measured = [
        Entry(STATES.get(row.standing) or against_baseline(row), ratio),
        Entry(number(row.time_s), row.time_s),
        Entry(whole(row.memory_mib), row.memory_mib),
        Entry(number(megabytes), megabytes),
        Entry(whole(row.lost), row.lost),
    ]
    tool = Entry(safe(row.tool))
    if row.standing == "wrong":
        lost = measured.pop() if row.lost else None
        tool, *measured = (
            Entry(each.text if each.text == NOTHING else f"~~{each.text}~~", each.key) for each in (tool, *measured)
        )
        measured += [Entry(f"**{lost.text}**", lost.key)] if lost else []
    return [Entry(safe(task.label)), tool, *measured, Entry(safe(task.reads))]


def against_baseline(row: ToolRow) -> str:
    """Write a tool's time over the baseline's: who is faster in bold, and named so."""
    if row.standing == "baseline":
        return "1 (baseline)"
    if row.ratio is None:
        return NOTHING
    if words := {"same": TIES["no difference"], "open": TIES["undecided"]}.get(row.standing):
        return f"{words} ({interval(row.ratio)})"
    return f"**{speed_up(row.ratio)}, faster**" if row.standing == "faster" else speed_up(row.ratio)
