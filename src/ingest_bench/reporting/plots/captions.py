"""What each plot shows, in a sentence made from the same data."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.reporting.columns import pages_per_second, way_of_paging
from ingest_bench.reporting.compare import best, same_as_baseline, usable, versus
from ingest_bench.reporting.rows import Row, middle
from ingest_bench.reporting.view import View
from ingest_bench.reporting.wording import counted, listed, number, percent, safe, sentence, speed_up, times, whole

NOTHING_USABLE = "No cell can be judged."


def throughput(view: View) -> str:
    """Say how throughput changes from the lowest to the highest level of each arm."""
    arms: dict[str, list[Row]] = {}
    for row in usable(view):
        arms.setdefault(row.cell.arm, []).append(row)
    ends = [(min(rows, key=_level), max(rows, key=_level)) for rows in arms.values() if len(rows) > 1]
    if not ends:
        return NOTHING_USABLE
    told = [
        f"{safe(high.cell.label)} {speed_up(versus(high, low))} from {low.level} to {high.level}" for low, high in ends
    ]
    return f"What more concurrency does to throughput: {'; '.join(told)}."


def page_sizes(view: View) -> str:
    """Say how many pages a second there are at the smallest and the largest page."""
    rows = usable(view)
    if not rows:
        return NOTHING_USABLE
    told = []
    for size in sorted({row.page_size for row in rows})[:: max(1, len({row.page_size for row in rows}) - 1)]:
        top = max((row for row in rows if row.page_size == size), key=lambda row: pages_per_second(row) or 0.0)
        rate = number(pages_per_second(top))
        told.append(f"{rate} pages a second of {size:,} items ({safe(way_of_paging(top))})")
    return f"At the most {listed(told)}; small pages come faster, large ones carry more."


def memory(view: View) -> str:
    """Say which ways take the least and the most memory."""
    rows = [row for row in view.rows if row.peak_mb is not None]
    if not rows:
        return NOTHING_USABLE
    least, most = min(rows, key=_peak), max(rows, key=_peak)
    if least is most:
        return f"{safe(least.name)} takes {whole(least.peak_mb)} MB."
    ends = [f"{whole(row.peak_mb)} MB ({safe(row.name)})" for row in (least, most)]
    return f"The peak lies between {listed(ends)}: {times(_peak(most) / _peak(least))}."


def ways(view: View) -> str:
    """Say how many ways are told from the baseline, and which of them gains the most."""
    rows = [row for row in usable(view) if not row.cell.null]
    if not rows:
        return NOTHING_USABLE
    told = [row for row in rows if not same_as_baseline(view, row)]
    top = best(told)
    counts = f"{len(told)} of {counted(len(rows), 'way')} can be told from the baseline"
    if top is None:
        return f"{counts}: every interval holds 1 or lies in the noise."
    what = "gains the most" if top.standing.median > 1 else "loses the least"
    return f"{counts}; {safe(top.name)} {what}, {speed_up(top.standing)}."


def stages(view: View) -> str:
    """Say which stage takes the most time, in each way."""
    rows = [row for row in view.rows if row.stage_shares]
    if not rows:
        return NOTHING_USABLE
    told = []
    for row in rows:
        name = max(row.stage_shares, key=lambda stage: row.stage_shares[stage])
        told.append(f"{name} takes {percent(row.stage_shares[name])} of {number(row.time_s)} s with {safe(row.name)}")
    return sentence(f"{listed(told)}.")


def think_ms(rows: Sequence[Row]) -> float | None:
    """Give the think time that was asked of the server, as a median over cells; None where none was."""
    return middle(row.server_median(lambda server: server.think_ms_asked) for row in rows) or None


def latency(view: View) -> str:
    """Say how far the slow answers are from the usual ones."""
    found = [
        (p95 / p50, row)
        for row in view.rows
        if (p50 := row.server_median(lambda server: server.response_ms_p50))
        and (p95 := row.server_median(lambda server: server.response_ms_p95))
    ]
    if not found:
        return NOTHING_USABLE
    asked = think_ms([row for _, row in found])
    worst, row = max(found, key=lambda each: each[0])
    waited = f"The server was asked to think {number(asked)} ms; " if asked else ""
    return sentence(
        f"{waited}the slowest 5% of answers take up to {times(worst)} what half of them take ({safe(row.name)})."
    )


def drift(speed: float, ratio: float, later: float) -> str:
    """Say how much the machine drifted and how much of it the pairs took out.

    Args:
        speed: the factor within which two thirds of the baseline's speeds lie around their median.
        ratio: same of the pairs' ratios.
        later: the median ratio of the later half of the pairs over that of the earlier half.

    """
    return (
        f"Two thirds of the baseline's speeds lie within {times(speed)} of their median, two thirds of the pairs' "
        f"ratios within {times(ratio)} of their cells' medians; the later half of the ratios is {times(later)} the "
        "earlier half."
    )


def _level(row: Row) -> int:
    return row.level


def _peak(row: Row) -> float:
    return row.peak_mb or 0.0
