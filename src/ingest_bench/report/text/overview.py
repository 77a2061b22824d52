"""What was measured, and one line a scenario; warnings, machine, software, excluded samples, and the glossary."""

from collections import Counter

from ingest_bench.report.blocks import Block, Entry, Paragraph, Table, entries
from ingest_bench.report.formatting import NOTHING, day, safe, speed_up, whole
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.overhead import time_use
from ingest_bench.report.model.ranking import best, recommended, rival, tie, usable
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import steal_share
from ingest_bench.report.templating import blocks, text


def summary(data: ReportData) -> list[Block]:
    """Return what was measured where, and the best and the recommended way of each scenario."""
    titles = ["Scenario", "Baseline", "Best", "Speed-up", "Recommended", "Memory (MiB)"]
    # Commands stand against each other in a section of their own.
    of_tools = {view.name for view in data.views if view.scenario.of_commands and not view.scenario.growing}
    lines = [_line(view) for view in data.views if not view.scenario.of_stages and view.name not in of_tools]
    return [
        Paragraph(measured(data)),
        *(blocks("overview", "warnings", warnings=data.warnings) if data.warnings else []),
        Table("Summary of all scenarios", titles, lines, frozenset((3, 5))),
        *blocks("overview", "columns"),
    ]


def measured(data: ReportData) -> str:
    """Return on which machine, when, and how much was measured."""
    cells, created = data.results.cells, data.results.created_at
    return text(
        "overview",
        "measured",
        machines=list({cell.environment.host: cell.environment for cell in cells}.values()),
        days=dict.fromkeys(
            [
                day(min((cell.started_at for cell in cells), default=created)),
                day(max((cell.ended_at for cell in cells), default=created)),
            ]
        ),
        cells=cells,
        scenarios=len(data.views),
        samples=sum(len(cell.samples) for cell in cells),
        seconds=sum(end - start for cell in cells for start, end in cell.spans),
    )


def _line(view: ScenarioView) -> list[Entry]:
    top, use = best(usable(view)), recommended(view)
    baseline = safe(view.baseline)
    if top is None:
        return entries([safe(view.title), baseline, NOTHING, NOTHING, NOTHING, NOTHING])
    words = _words(view, top)
    return [
        Entry(safe(view.title)),
        Entry(baseline),
        Entry(NOTHING if words else _way(top)),
        Entry(words or speed_up(top.standing), 1.0 if words else top.standing.median),
        Entry(" or ".join(_way(row) for row in (use, rival(view)) if row) or NOTHING),
        Entry(whole(use.peak_mib if use else None), use.peak_mib if use else None),
    ]


def _words(view: ScenarioView, top: CellView) -> str:
    """Write what stands for a speed-up where none is known; "" where the best way has one."""
    if not top.cell.is_null_cell:
        return tie(view, top.standing)
    nearest = best([row for row in usable(view) if not row.cell.is_null_cell])
    return (tie(view, nearest.standing) if nearest else "") or NOTHING


def _way(row: CellView) -> str:
    return f"{safe(row.cell.label)}, {row.level}"


def warnings_section(data: ReportData) -> list[Block]:
    """List every doubt with its likely cause and what to do."""
    return blocks("environment", "warnings", warnings=data.warnings)


def environment_section(data: ReportData) -> list[Block]:
    """Return the machines, the software and how busy the machines were."""
    cells = data.results.cells
    machines = list({cell.environment.model_dump_json(): cell.environment for cell in cells}.values())
    names = sorted({name for each in machines for name in each.packages})
    packages = {name: {each.packages[name] for each in machines if name in each.packages} for name in names}
    programs: dict[str, set[str]] = {}
    for cell in cells:
        for name, version in cell.programs.items():
            programs.setdefault(name, set()).add(version)
    steal, use = max(map(steal_share, cells), default=0), time_use(data.results)
    values = {"machines": machines, "packages": packages, "programs": programs, "steal": steal, "use": use}
    return blocks("environment", "environment", cells=cells, seed=data.results.seed, **values)


def invalid_samples_section(data: ReportData) -> list[Block]:
    """List every invalid sample with its reason."""
    rows = [(view, row) for view in data.views for row in view.rows]
    excluded = [(view, row, sample) for view, row in rows for sample in row.cell.samples if sample.invalid]
    return blocks("environment", "excluded", excluded=excluded)


def notes_section(data: ReportData) -> list[Block]:
    """List what samples remarked, with how often."""
    notes = Counter(
        _kind_of_note(note) for cell in data.results.cells for sample in cell.samples for note in sample.notes
    )
    return blocks("environment", "notes", notes=notes.most_common(20))


def _kind_of_note(note: str) -> str:
    kinds = {
        "outlier": "outlier: its pair's ratio is far from the others",
        "think time off": "think time off: the server didn't sleep as long as it was asked to",
    }
    return next((words for begin, words in kinds.items() if note.startswith(begin)), note)
