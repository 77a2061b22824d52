"""Which way is better, by how much, and whether that can be told from noise."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ingest_bench.analysis.candidates import SIMPLEST_FIRST
from ingest_bench.analysis.recommendations import ScenarioRecommendation, recommend_scenario
from ingest_bench.analysis.size_scaling import Growth
from ingest_bench.analysis.speedup import Verdict, verdict, within_noise
from ingest_bench.report.model.cell import CellView
from ingest_bench.report.model.scenario import ScenarioView
from ingest_bench.report.model.study import ReportData
from ingest_bench.results.models import Speedup

TIES: Mapping[Verdict, str] = {"no difference": "no difference", "undecided": "not told apart"}
"""What the report calls them. Only a speed-up whose whole interval is small is no difference; another may be one."""


def usable(view: ScenarioView) -> list[CellView]:
    """List the rows that have a speed-up and delivered what they should have."""
    return [row for row in view.rows if row.usable]


def best(rows: Sequence[CellView]) -> CellView | None:
    """Pick the row with the largest speed-up, of usable ones."""
    return max(rows, key=lambda row: row.standing.median, default=None)


def versus(row: CellView, other: CellView) -> Speedup:
    """Give how much faster one row of a scenario is than another.

    Both were measured against the same baseline in pairs of their own, so their errors are independent: the distances
    of the bounds, as logarithms, are squared and added (R. G. Newcombe, Statistics in Medicine 17, 1998).
    """
    one, two = row.standing, other.standing
    median = one.median / two.median
    down = math.hypot(math.log(one.median / one.low), math.log(two.high / two.median))
    up = math.hypot(math.log(one.high / one.median), math.log(two.median / two.low))
    return one.model_copy(
        update={
            "median": median,
            "low": median * math.exp(-down),
            "high": median * math.exp(up),
            "pairs": min(one.pairs, two.pairs),
        }
    )


def compare(view: ScenarioView, row: CellView, other: CellView) -> dict[str, Any]:
    """Give how much faster one row of a scenario is than another, and what is said where that isn't known."""
    ratio = versus(row, other)
    return {"ratio": ratio, "tie": tie(view, ratio)}


def tie(view: ScenarioView, ratio: Speedup) -> str:
    """Write what is to be said of a speed-up that isn't beyond the noise of its scenario; "" of one that is."""
    return TIES.get(verdict(ratio, view.noise), "")


def same(view: ScenarioView, row: CellView, other: CellView) -> bool:
    """Say whether two rows of a scenario can't be told apart."""
    return row is other or within_noise(versus(row, other), view.noise)


def same_as_baseline(view: ScenarioView, row: CellView) -> bool:
    """Say whether a row can't be told from the baseline."""
    return row.cell.is_null_cell or within_noise(row.standing, view.noise)


def advised(view: ScenarioView) -> ScenarioRecommendation:
    """Weigh what can be chosen in a scenario; see `ingest_bench.analysis`."""
    section = view.corpus.layout.section
    return recommend_scenario(view.name, view.scenario, section, [row.cell for row in view.rows], view.tolerance)


def recommended(view: ScenarioView) -> CellView | None:
    """Pick the row that is advised, unless there is nothing to choose from; see `ingest_bench.analysis`."""
    if not view.scenario.choosable or not view.scenario.delivers:
        return None
    use = advised(view).use
    return next((row for row in view.rows if use and row.cell is use.cell), None)


def rival(view: ScenarioView) -> CellView | None:
    """Pick the way that is most likely to be better than the recommended one, where more pairs might yet show that.

    Returns:
        None where it is decided.

    """
    advice = advised(view)
    use = advice.use
    if use is None or advice.verdict.decided or not view.scenario.choosable:
        return None
    rivals = [advice.options[key] for key in advice.verdict.rivals if key in advice.options]
    likely = max(rivals, key=lambda option: advice.p_within_tolerance(option.key), default=None)
    return next((row for row in view.rows if likely and row.cell is likely.cell), None)


def smallest_alike(view: ScenarioView, top: CellView) -> CellView:
    """Pick the smallest concurrency that can't be told from a row; the fastest of that level."""
    alike = [row for row in _settable(view) if same(view, top, row)] or [top]
    return min(alike, key=lambda row: (row.level, -row.standing.median))


def alone(view: ScenarioView) -> CellView | None:
    """Pick the best way of the package's own that does one thing at a time; of equals, the one with fewest settings."""
    rows = [row for row in _settable(view) if row.level == 1]
    top = best(rows)
    equals = [row for row in rows if top is not None and same(view, top, row)]
    return min(equals, key=lambda row: (len(row.arm.settings), -row.standing.median), default=None)


def together(view: ScenarioView) -> CellView | None:
    """Pick the best way of the package's own that does several things at a time."""
    return best([row for row in _settable(view) if row.level > 1])


def concurrency(view: ScenarioView) -> tuple[str, CellView, CellView, Speedup] | None:
    """Compare several things at a time with one.

    Returns:
        What concurrency does, the best way with it and the one without, and how they compare; None where only one of
        both was measured.

    """
    one, many = alone(view), together(view)
    if one is None or many is None:
        return None
    ratio = versus(many, one)
    effects = {"better": "helps", "worse": "makes it slower", "no difference": "makes no difference"}
    return effects.get(verdict(ratio, view.noise), "isn't known to help"), many, one, ratio


def by_strategy(view: ScenarioView) -> dict[str, CellView]:
    """Give the best row of each worker strategy, simplest first."""
    rows = {name: best([row for row in usable(view) if row.strategy == name]) for name in SIMPLEST_FIRST}
    return {name: row for name, row in rows.items() if row is not None}


def growth(data: ReportData, view: ScenarioView, row: CellView) -> Growth | None:
    """Give how the time of a row grows with the number of items, as `ingest_bench.analysis.size_scaling` links sizes.

    Returns:
        None where that way was not measured at another size in pairs, or nothing usable was.

    """
    cell = (view.name, row.cell.arm, row.level)
    way = next((way for way in data.grown if (way.scenario, way.arm, way.concurrency) == cell), None)
    if way is None or not view.scenario.growing:
        return None
    return way.growth


def _settable(view: ScenarioView) -> list[CellView]:
    rows = usable(view)
    return [row for row in rows if row.own] or rows
