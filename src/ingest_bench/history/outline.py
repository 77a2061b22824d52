"""The page of the history as content, which is written as Markdown and as HTML."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ingest_bench.analysis.change_points import ALPHA, MIN_FACTOR, MIN_SEGMENT
from ingest_bench.history.inputs import History
from ingest_bench.history.machines import SideBySide, side_by_side
from ingest_bench.history.plots import Runs, factors, over_time, step, way
from ingest_bench.history.series import (
    MEASURES,
    CellSeries,
    Change,
    Machine,
    Measure,
    all_series,
    moved,
    what_else,
)
from ingest_bench.report.blocks import Block, BulletList, Entry, Figure, Paragraph, Section, Table, WarningNote
from ingest_bench.report.formatting import NOTHING, day, listed, number, percent, safe, times
from ingest_bench.report.templating import text, texts
from ingest_bench.results.history_table import HistoryRow
from stac_ingest.core.text import counted

TITLE = "Benchmark history"
NAMED = 60
"""Changes that the table names."""
STEPS = 24
"""Series that have moved which are drawn one by one: speed-ups first, of these and of the others the latest first."""
SCENARIOS = 40
"""Of which cells are drawn over time, on all machines together: a page stays light however much was measured."""
SHARED = "No speed-up moved that day: the machine did, or what arms and baselines share."
SAID = 3
"""Of what else was not the same in two runs."""


def history_page(history: History) -> Section:
    """Arrange all that is said of all runs."""
    series = all_series(history.rows)
    changes = moved(series)
    machines: dict[Machine, list[CellSeries]] = {}
    for each in series:
        machines.setdefault(each.machine, []).append(each)
    numbered = {machine: _numbered(mine) for machine, mine in machines.items()}
    beside = side_by_side(series)
    drawn = _drawn(machines, changes)
    sections = [
        Section("What has moved", _moved(history, series, changes, numbered)),
        *([Section("Machines side by side", _all_beside(beside))] if beside else []),
        *(
            Section(safe(machine.name), _machine(mine, numbered[machine], drawn, place), f"machine-{place}")
            for place, (machine, mine) in enumerate(machines.items(), 1)
        ),
        Section("How it is told", [Paragraph(each) for each in _method()]),
    ]
    return Section(TITLE, sections)


def _moved(
    history: History, series: Sequence[CellSeries], changes: Sequence[Change], runs: dict[Machine, Runs]
) -> list[Block]:
    rows = history.rows
    if not rows:
        return [Paragraph("No run is known yet."), *map(WarningNote, map(safe, history.left_out))]
    tested = sum(len(each.known(measure)) >= 2 * MIN_SEGMENT for each in series for measure in MEASURES)
    said = texts(
        "history",
        "summary",
        runs=len({row.run for row in rows}),
        machines=len(runs),
        days=_days(rows),
        cells=len({row.cell for row in rows}),
        rows=len(rows),
        tested=tested,
        least=2 * MIN_SEGMENT,
        alpha=ALPHA,
    )
    blocks: list[Block] = [*map(Paragraph, said), *map(WarningNote, map(safe, history.left_out))]
    if not changes:
        return [*blocks, Paragraph("No cell has moved beyond chance.")] if tested else blocks
    more = f", and {len(changes) - NAMED} before" if len(changes) > NAMED else ""
    titles = ("Date", "Cell", "Measure", "Before", "After", "Change", "Runs", "What else changed")
    table = Table(f"Change points{more}", titles, [_change(change) for change in changes[:NAMED]], frozenset((3, 4, 5)))
    return [*blocks, BulletList(_gist(changes)), table, _steps(changes, runs)]


def _gist(changes: Sequence[Change]) -> list[str]:
    """Sum up the changes of each day: the measures, and how many cells got worse and better."""
    days: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        days.setdefault((day(change.after.started_at), change.measure.name), []).append(change)
    entries = []
    for (when, measure), mine in list(days.items())[:NAMED]:
        parts = [
            f"{counted(len(part), 'cell')} {word}, {_range(part)}"
            for word, part in (
                ("worse", [each for each in mine if each.worse]),
                ("better", [each for each in mine if not each.worse]),
            )
            if part
        ]
        shared = "" if mine[0].measure.of_ratio or not _without_ratios(mine, changes) else f" {SHARED}"
        entries.append(f"**{when}**, {measure}: {listed(parts)}.{shared}")
    return entries


def _without_ratios(mine: Sequence[Change], changes: Sequence[Change]) -> bool:
    """Tell whether no speed-up moved with absolute numbers of the same machine and day."""
    places = {(change.series.machine, day(change.after.started_at)) for change in mine}
    return not any(
        each.measure.of_ratio and (each.series.machine, day(each.after.started_at)) in places for each in changes
    )


def _range(changes: Sequence[Change]) -> str:
    ends = sorted(change.point.factor for change in changes)
    return " to ".join(dict.fromkeys([times(ends[0]), times(ends[-1])]))


def _change(change: Change) -> list[Entry]:
    before, after = change.runs
    else_changed = what_else(change.before, change.after)
    more = f" and {len(else_changed) - SAID} more" if len(else_changed) > SAID else ""
    factor = f"{times(change.point.factor)}, {'worse' if change.worse else 'better'}"
    return [
        Entry(day(change.after.started_at), change.after.started_at),
        Entry(safe(change.after.cell)),
        Entry(f"{change.measure.name}, {change.measure.unit}"),
        *(Entry(number(level), level) for level in change.levels),
        Entry(f"**{factor}**" if change.worse else factor, change.point.factor),
        Entry(f"{before} and {after}"),
        Entry(safe("; ".join(else_changed[:SAID])) + more if else_changed else NOTHING),
    ]


def _steps(changes: Sequence[Change], runs: dict[Machine, Runs]) -> Figure:
    grouped: dict[tuple[int, Measure], tuple[CellSeries, list[Change]]] = {}
    for change in sorted(changes, key=lambda change: not change.measure.of_ratio):
        grouped.setdefault((id(change.series), change.measure), (change.series, []))[1].append(change)
    drawings = [
        step(series, measure, sorted(mine, key=lambda change: change.point.index), runs[series.machine])
        for (_, measure), (series, mine) in list(grouped.items())[:STEPS]
    ]
    return Figure("changes", "Cells that have moved, run by run", drawings, "What has moved")


def _machine(series: Sequence[CellSeries], runs: Runs, drawn: set[tuple[Machine, str]], place: int) -> list[Block]:
    rows = sorted((row for each in series for row in each.rows), key=lambda row: row.started_at)
    scenarios: dict[str, list[CellSeries]] = {}
    for each in series:
        scenarios.setdefault(each.last.scenario, []).append(each)
    figures = []
    omitted = 0
    for name, mine in scenarios.items():
        drawings = over_time(mine, runs)
        wanted = (mine[0].machine, name) in drawn
        omitted += bool(drawings) and not wanted
        if drawings and wanted:
            title = mine[0].last.title
            figures.append(Figure(f"machine-{place}-{name}", f"{title}, run by run", drawings, title))
    about = text(
        "history",
        "machine",
        runs=len(runs),
        days=_days(rows),
        hosts=sorted({row.host for row in rows}),
        otherwise=sum(each.otherwise for each in series),
        omitted=omitted,
    )
    titles = ("Run", "Date", "Commit", "Python", "Cells", "Load, at most", "Stolen, at most")
    table = Table("Runs", titles, [_run(rows, run, number) for run, number in runs.items()], frozenset((0, 4, 5, 6)))
    return [Paragraph(about), table, *figures]


def _run(rows: Iterable[HistoryRow], run: str, place: int) -> list[Entry]:
    mine = [row for row in rows if row.run == run]
    load, steal = max(row.load_1m for row in mine), max(row.steal_share for row in mine)
    return [
        Entry(str(place), place),
        Entry(day(mine[0].started_at), mine[0].started_at),
        Entry(safe((mine[0].commit or NOTHING)[:10])),
        Entry(safe(mine[0].python)),
        Entry(str(len(mine)), len(mine)),
        Entry(number(load), load),
        Entry(percent(steal), steal),
    ]


def _all_beside(beside: Sequence[SideBySide]) -> list[Block]:
    return [block for place, each in enumerate(beside, 1) for block in _beside(each, place)]


def _beside(beside: SideBySide, place: int) -> list[Block]:
    compared, carried = beside.compared, beside.factors
    said = texts(
        "history",
        "beside",
        one=beside.one.name,
        other=beside.other.name,
        pairs=len(beside.pairs),
        unlike=beside.unlike,
        factors=carried,
        compared=len(compared),
        counts=Counter(pair.carries_over for pair in compared),
    )
    blocks: list[Block] = list(map(Paragraph, said))
    if carried:
        blocks.append(
            Figure(
                f"machines-{place}",
                "What carries over from one machine to the other",
                [factors(beside)],
                "Two machines",
            )
        )
        blocks.append(_factors(beside))
    for about, told in (
        ("Bottlenecks", beside.told(lambda row: row.bottleneck)),
        ("Recommended ways", beside.recommended),
    ):
        if told:
            titles = (about, "Measured last", "The other", "Carries over")
            blocks.append(Table(about, titles, [_told(*each) for each in told]))
    if compared:
        columns = ("Scenario", "Way", "Speed-up, measured last", "The other's", "Carries over")
        rows = [
            [
                Entry(safe(pair.one.title)),
                Entry(safe(way(pair.one))),
                _speed_up(pair.one),
                _speed_up(pair.other),
                Entry(pair.carries_over),
            ]
            for pair in compared
        ]
        blocks.append(Table("Speed-ups on both machines", columns, rows, frozenset((2, 3))))
    return blocks


def _factors(beside: SideBySide) -> Table:
    rows = [
        [
            Entry(factor.name),
            Entry(times(factor.median), factor.median),
            Entry(f"{times(factor.low)} to {times(factor.high)}", factor.low),
            Entry(str(factor.cells), factor.cells),
        ]
        for factor in beside.factors
    ]
    titles = ("Quantity", "The other over the one measured last, median", "Nine in ten cells", "Cells")
    return Table("What differs by how much", titles, rows, frozenset((1, 2, 3)))


def _told(title: str, one: str, other: str) -> list[Entry]:
    return [Entry(safe(title)), Entry(safe(one)), Entry(safe(other)), Entry("yes" if one == other else "**no**")]


def _speed_up(row: HistoryRow) -> Entry:
    assert row.speedup
    assert row.speedup_low
    assert row.speedup_high
    span = f"{times(row.speedup)} ({times(row.speedup_low)} to {times(row.speedup_high)})"
    return Entry(span, row.speedup)


def _numbered(series: Sequence[CellSeries]) -> Runs:
    """Give each run of a machine its number, in the order in which they were begun."""
    rows = sorted((row for each in series for row in each.rows), key=lambda row: row.started_at)
    return {run: place for place, run in enumerate(dict.fromkeys(row.run for row in rows), 1)}


def _drawn(machines: dict[Machine, list[CellSeries]], changes: Sequence[Change]) -> set[tuple[Machine, str]]:
    """Pick the scenarios that are drawn: those that have moved, then the others in the order of the report."""
    first = [(change.series.machine, change.series.last.scenario) for change in changes]
    others = [
        (machine, each.last.scenario) for machine, mine in machines.items() for each in mine if len(each.rows) > 1
    ]
    return set(list(dict.fromkeys([*first, *others]))[:SCENARIOS])


def _days(rows: Sequence[HistoryRow]) -> list[str]:
    """Give the first and the last day, or the one."""
    return list(dict.fromkeys([day(rows[0].started_at), day(rows[-1].started_at)]))


def _method() -> list[str]:
    return texts("history", "method", alpha=ALPHA, segment=MIN_SEGMENT, margin=percent(MIN_FACTOR - 1))
