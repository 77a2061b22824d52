"""Tools beside ours: of each task, what every command takes against the baseline, and what it loses."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ingest_bench.analysis.speedup import Verdict, verdict
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.columns import lost
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.results.models import Speedup
from stac_ingest.core.text import counted

Standing = Literal["baseline", "faster", "slower", "same", "open", "few", "wrong", "failed", "missing", "deferred"]
"""Of a tool against the baseline. same: shown to be no difference; open: not told apart from it; few: it has too few
pairs for an interval; wrong: what it delivers isn't the corpus; failed: no sample of it can be used; missing: it isn't
installed; deferred: it was not measured, since choices needed the time."""

_OF_VERDICT: Mapping[Verdict, Standing] = {
    "better": "faster",
    "worse": "slower",
    "no difference": "same",
    "undecided": "open",
}


@dataclass(frozen=True, slots=True)
class ToolRow:
    """What a tool takes for a task; of what is not measured, None."""

    tool: str
    standing: Standing
    ratio: Speedup | None
    """Its wall time over the baseline's, pair by pair: below 1 it is faster."""
    time_s: float | None
    memory_mib: float | None
    output_bytes: float | None
    lost: int | None
    """Items, in the worst sample."""
    remark: str
    """Why it is struck through, failed or wasn't measured; "" where there is nothing to say."""
    command: str
    programs: str
    """Versions of what it ran."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done, and the tools that do it: those that can be compared first, the fastest above."""

    name: str
    label: str
    """Its name, with what it reads where the same task is done from several sources."""
    reads: str
    """How much, and from what server."""
    baseline: str
    rows: tuple[ToolRow, ...]
    changes: int | None = None
    """Items that are changed, new or gone since the last run, on which the tools go on; None: they begin afresh."""
    longer: bool = False
    """Whether it is of the longer run."""

    @property
    def beaten(self) -> bool:
        """Whether a tool is faster than the baseline."""
        return bool(self.standing("faster"))

    @property
    def open(self) -> bool:
        """Whether a tool has too few pairs to be compared, or wasn't told apart by those that it has."""
        return bool(self.standing("few", "open"))

    @property
    def lossy(self) -> bool:
        """Whether a tool delivers something else than it should."""
        return bool(self.standing("wrong"))

    def standing(self, *standings: Standing) -> list[ToolRow]:
        """List the rows that stand like this."""
        return [row for row in self.rows if row.standing in standings]


def compared(data: ReportData, longer: ReportData | None = None) -> list[Task]:
    """List the tasks of all scenarios of whole commands in their order, those of one name together.

    Args:
        data: of a run.
        longer: of a longer run beside it, whose scenarios stand in the place of those of the same name.

    """
    further = {view.name: _task(view, longer=True) for view in _of_tools(longer)} if longer else {}
    tasks = [*({view.name: _task(view) for view in _of_tools(data)} | further).values()]
    names = [task.name for task in tasks]
    ordered = sorted(tasks, key=lambda task: names.index(task.name))
    return [
        replace(task, label=f"{task.name}, {task.reads.rpartition(', ')[2]}") if names.count(task.name) > 1 else task
        for task in ordered
    ]


def _of_tools(data: ReportData) -> Iterable[ScenarioView]:
    return (view for view in data.views if view.scenario.of_commands and not view.scenario.growing)


def _task(view: ScenarioView, *, longer: bool = False) -> Task:
    labels = Counter(row.cell.label for row in view.rows)
    rows = [_row(view, row, row.name if labels[row.cell.label] > 1 else row.cell.label) for row in view.rows]
    counts = ("baseline", "faster", "slower", "same", "open", "few")
    ordered = sorted(rows, key=lambda row: (row.standing not in counts, row.time_s is None, row.time_s or 0.0))
    name = view.scenario.task or view.title
    return Task(name, name, _reads(view), view.baseline, tuple(ordered), _changes(view), longer)


def _changes(view: ScenarioView) -> int | None:
    later = view.corpus.later if view.scenario.before else None
    return sum(later.counts(view.corpus.items or 0)) if later else None


def _reads(view: ScenarioView) -> str:
    items = view.corpus.items if view.expected is None else view.expected
    parts = [counted(items, "item")] if items is not None else []
    if view.scenario.server:
        think = view.scenario.server.think_ms
        parts.append(f"{think:g} ms think time" if think else "no think time")
    if changes := _changes(view):
        parts.append(f"{counted(changes, 'change')} since the last run")
    return ", ".join(parts)


def _row(view: ScenarioView, row: CellView, name: str) -> ToolRow:
    standing, remark = _standing(view, row)
    measured = standing not in ("failed", "missing", "deferred")
    ratio = row.cell.standing if measured else None
    return ToolRow(
        tool=name,
        standing=standing,
        ratio=_inverse(ratio) if ratio else None,
        time_s=row.time_s,
        memory_mib=row.peak_mib,
        output_bytes=row.median(lambda sample: sample.output_bytes),
        lost=lost(view, row) if measured else None,
        remark=remark,
        command=str(row.arm.settings.get("command", "")),
        programs=", ".join(f"{program} {version}" for program, version in _programs(view, row)),
    )


def _programs(view: ScenarioView, row: CellView) -> list[tuple[str, str]]:
    """List the packages that a tool ran, with versions: a cell lists both sides', the null cell the baseline's.

    A script that calls them is told by the command line.
    """
    words, package = str(row.arm.settings.get("command", "")).split(), "stac-ingest-bench"
    others = view.null.cell.programs if view.null and view.null is not row else {}
    named = [
        (name, version)
        for name, version in row.cell.programs.items()
        if name not in others and not name.endswith(".py")
    ]
    own = row.cell.environment.packages.get(package) if "stac_ingest" in words else None
    return named or ([(package, own)] if own else [])


def _standing(view: ScenarioView, row: CellView) -> tuple[Standing, str]:
    cell = row.cell
    if cell.unavailable:
        return "deferred" if cell.is_deferred else "missing", cell.unavailable
    if not row.samples:
        reasons = [sample.invalid for sample in cell.samples if sample.role == "candidate" and sample.invalid]
        return "failed", reasons[0] if reasons else cell.parity.reason or "no pair of samples can be used"
    if not cell.parity.ok:
        return "wrong", cell.parity.reason or cell.known_defect or "not what the corpus holds"
    if cell.is_null_cell:
        return "baseline", ""
    if cell.speedup is None:
        return "few", ""
    return _OF_VERDICT[verdict(cell.speedup, view.noise)], ""


def _inverse(ratio: Speedup) -> Speedup:
    """Make the ratio of times out of that of speeds."""
    return ratio.model_copy(update={"median": 1 / ratio.median, "low": 1 / ratio.high, "high": 1 / ratio.low})
