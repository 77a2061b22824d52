"""Intervals as small plots inside of a table's fields, all of a table on one scale."""

import math

from ingest_bench.report.blocks import Spread, Table

_WIDTH, _HEIGHT, _MARGIN = 120, 16, 5


def spread_svg(spread: Spread, table: Table) -> str:
    """Draw an interval, its median, and a line where nothing changes.

    The scale is logarithmic, and the same for the whole table. Readers of screens get the text beside it alone.
    """
    left, right = _span(table)

    def x(value: float) -> str:
        share = (math.log(value) - left) / (right - left)
        return f"{_MARGIN + share * (_WIDTH - 2 * _MARGIN):.1f}"

    middle = _HEIGHT / 2
    low, high = max(spread.low, math.exp(left)), min(spread.high, math.exp(right))
    return (
        f'<svg class="spread" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" aria-hidden="true">'
        f'<path class="same" d="M{x(1)} 0V{_HEIGHT}"/><path class="range" d="M{x(low)} {middle}H{x(high)}"/>'
        f'<circle cx="{x(spread.median)}" cy="{middle}" r="3.5"/></svg>'
    )


def _span(table: Table) -> tuple[float, float]:
    """Return the logs that a table's intervals lie between, with the place where nothing changes."""
    spreads = [entry.spread for row in table.rows for entry in row if entry.spread]
    # An interval that is unbounded, or nearly, would leave no room for the others.
    low = min(0.0, *(math.log(max(each.low, each.median / 4)) for each in spreads))
    high = max(0.0, *(math.log(min(each.high, each.median * 4)) for each in spreads))
    return low - 0.05, high + 0.05
