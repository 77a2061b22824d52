"""What a scenario's numbers say, in one to three sentences made from the data alone."""

from __future__ import annotations

from collections.abc import Callable

from ingest_bench.reporting.columns import bucket_seconds, client_ms, failures_told, lost, over_bucket, repeated
from ingest_bench.reporting.compare import (
    alone,
    best,
    growth,
    same,
    same_as_baseline,
    smallest_alike,
    together,
    usable,
    versus,
)
from ingest_bench.reporting.view import Kind, Row, Study, View, middle
from ingest_bench.reporting.wording import (
    counted,
    interval,
    listed,
    number,
    percent,
    safe,
    sentence,
    speed_up,
    times,
    whole,
)
from ingest_bench.statistics import no_difference

LINEAR = 0.1
"""An exponent this near to 1 is called linear."""


def findings(study: Study, view: View) -> str:
    """Write what a scenario has shown."""
    if not usable(view):
        return nothing_usable(view)
    told = (fastest(view), _asked(study, view), helped(view))
    return " ".join(text for text in told if text)


def nothing_usable(view: View) -> str:
    """Say why nothing can be said."""
    if not any(row.cell.parity.ok for row in view.rows):
        return "Nothing can be said: no way delivers what the corpus holds."
    return "Nothing can be said: no cell has enough valid pairs."


def fastest(view: View) -> str:
    """Say which way is fastest, what it costs in memory, and what does as well with less."""
    top = best(usable(view))
    if top is None:
        return ""
    if same_as_baseline(view, top):
        return _none_faster(view, top)
    what = ", per item," if view.growing else ""
    much = f"{speed_up(top.standing)} as fast{what} as {safe(view.baseline)}"
    text = f"Fastest is {safe(top.name)}, {much}{_memory(view, top)}"
    less = smallest_alike(view, top)
    if less is not top:
        text += f"; {safe(less.name)} can't be told from it"
    return f"{text}."


def helped(view: View) -> str | None:
    """Say whether several things at a time are faster than one; None where only one of both was measured."""
    one, many = alone(view), together(view)
    if one is None or many is None:
        return None
    ratio = versus(many, one)
    told = f"({safe(many.name)} against {safe(one.name)}: {speed_up(ratio)})"
    if no_difference(ratio, view.noise):
        return f"Concurrency makes no difference {told}."
    if ratio.median < 1:
        return f"Concurrency makes it slower {told}."
    return f"Concurrency helps {told}."


def parsing(_: Study, view: View) -> str | None:
    """Say what parsing costs in memory, and how long the first item takes."""
    top = best(usable(view))
    first = top.median(lambda sample: sample.first_item_s) if top else None
    if top is None or first is None:
        return None
    before = middle(sample.first_item_s for sample in view.baseline_samples)
    kept = f" ({number(before)} s with {safe(view.baseline)})" if before is not None and not top.cell.null else ""
    overhead = whole(top.overhead_mb)
    return f"With {safe(top.name)}, parsing takes {overhead} MB on top, and the first item comes after {number(first)} s{kept}."


def broken_files(_: Study, view: View) -> str | None:
    """Say whether exactly the broken files are collected as failures."""
    told = [(row, count) for row in view.rows if (count := failures_told(view, row))]
    if not told:
        return None
    wrong = [f"{safe(row.name)} ({named} of {broken})" for row, (named, broken) in told if named != broken]
    broken = told[0][1][1]
    if wrong:
        return f"Broken files are not collected as they should be by {listed(wrong)}."
    bad = [safe(row.name) for row, _ in told if not row.cell.parity.ok]
    if bad:
        return f"The numbers of failures are right, but {listed(bad)} failed the comparison with the corpus."
    return f"Every way collects exactly the {counted(broken, 'broken file')} as failures."


def latency(_: Study, view: View) -> str | None:
    """Say what one client costs over another, a request at a time."""
    clients = [row for row in usable(view) if row.arm.fetcher == "pystac_client"]
    direct = alone(view)
    if not clients or direct is None or not direct.own:
        return None
    ratio = versus(direct, clients[0])
    waits = direct.server_median(lambda server: server.response_ms_mean)
    share = f"; the server's answer is {number(waits)} ms of {number(client_ms(direct))} ms a request" if waits else ""
    names = f"{safe(clients[0].cell.label)} and {safe(direct.cell.label)}"
    if no_difference(ratio, view.noise):
        return f"{names} can't be told apart (direct: {speed_up(ratio)}){share}."
    longer = (clients[0].time_s or 0) - (direct.time_s or 0)
    word = "longer" if longer > 0 else "less"
    return f"{safe(clients[0].cell.label)} takes {number(abs(longer) * 1000)} ms {word} than {safe(direct.cell.label)}{share}."


def requests_made(_: Study, view: View) -> str | None:
    """Say how many requests the best way needs, and whether it was refused any."""
    top = best(usable(view))
    if top is None or top.requests is None:
        return None
    most = max((row.rate_limited or 0 for row in view.rows), default=0)
    limits = "no request met a rate limit" if most == 0 else f"up to {counted(most, 'request')} a run met a rate limit"
    return f"It sends {counted(top.requests, 'request')}; {limits}."


def paging(_: Study, view: View) -> str | None:
    """Say which page size is best for each way of paging, and whether every item came exactly once."""
    faulty = [row for row in view.rows if row.samples and ((lost(view, row) or 0) > 0 or repeated(row))]
    once = (
        f"Items were lost or came twice with {listed([safe(row.name) for row in faulty])}"
        if faulty
        else "Every item came exactly once, at every page size"
        if all(row.cell.parity.ok for row in view.rows)
        else "Not every way delivers what the corpus holds"
    )
    top = best(usable(view))
    sizes = {row.page_size for row in usable(view)}
    if top is None or len(sizes) == 1:
        return f"{once}."
    at_top = best([row for row in usable(view) if row.page_size == min(sizes)])
    gain = f", {times(top.standing.median / at_top.standing.median)} the best with {min(sizes):,}" if at_top else ""
    return f"The best page size is {top.page_size:,} items{gain if top is not at_top else ''}. {once}."


def limited(_: Study, view: View) -> str | None:
    """Say how many 429s were met, what was lost by them, and how near to the server's limit the time is."""
    met = max((row.rate_limited or 0 for row in view.rows), default=0)
    gone = {safe(row.name): lost(view, row) or 0 for row in view.rows}
    losing = [f"{name} ({count:,})" for name, count in gone.items() if count > 0]
    kept = f"items were lost by {listed(losing)}" if losing else "no item was lost"
    answer = "No way met a 429" if met == 0 else f"Up to {counted(met, '429 answer')} a run were met"
    top = best(usable(view))
    over = over_bucket(view, top) if top else None
    near = (
        f"; {safe(top.name)} takes {times(over)} the {number(bucket_seconds(view, top))} s that the limit itself imposes"
        if top and over
        else ""
    )
    return f"{answer}, and {kept}{near}."


def grown(study: Study, view: View) -> str | None:
    """Say how the time grows with the number of items."""
    told = [(row, rate) for row in view.rows if (rate := growth(study, view, row))]
    texts = [_growth_told(row, rate.times_items, rate.times_time, rate.exponent) for row, rate in told]
    return sentence("; ".join(texts)) + "." if texts else None


def stages(_: Study, view: View) -> str | None:
    """Say which stage takes the most time, and whether what was written is the same set in any order."""
    top = best(usable(view))
    if top is None or not top.stage_shares:
        return None
    shares = sorted(top.stage_shares.items(), key=lambda stage: -stage[1])
    name, share = shares[0]
    rest = listed([f"{other} {percent(part)}" for other, part in shares[1:]])
    bad = [safe(row.name) for row in view.rows if not row.cell.parity.ok]
    order = f"what {listed(bad)} wrote is not the corpus" if bad else "every way writes the same set of items"
    return f"With {safe(top.name)}, {name} takes {percent(share)} of the time ({rest}); {order}."


def _asked(study: Study, view: View) -> str | None:
    tellers: dict[Kind, Callable[[Study, View], str | None]] = {
        Kind.GEOPARQUET: parsing,
        Kind.DIRECTORY: broken_files,
        Kind.LATENCY: latency,
        Kind.REQUESTS: requests_made,
        Kind.PAGES: paging,
        Kind.RATE: limited,
        Kind.GROWTH: grown,
        Kind.MIXED: stages,
    }
    tell = tellers.get(view.kind)
    return tell(study, view) if tell else None


def _none_faster(view: View, top: Row) -> str:
    others = [row for row in usable(view) if not row.cell.null]
    if not others:
        return f"Only the baseline, {safe(view.baseline)}, can be judged."
    slower = [row for row in others if not same_as_baseline(view, row)]
    nearest = best(others)
    told = f" ({safe(nearest.name)}: {speed_up(nearest.standing)})" if nearest else ""
    noise = f"; the baseline against itself shows {interval(view.noise)}" if view.noise else ""
    if len(slower) == len(others):
        return f"Nothing is as fast as the baseline, {safe(view.baseline)}{told}{noise}."
    alike = "no difference" if top.cell.null or same(view, top, others[0]) else "no clear difference"
    return f"Nothing is faster than the baseline, {safe(view.baseline)}: {alike} to the best of the others{told}{noise}."


def _memory(view: View, row: Row) -> str:
    before = middle(sample.peak_rss_mb for sample in view.baseline_samples)
    if row.peak_mb is None or before is None:
        return ""
    return f", at {whole(row.peak_mb)} MB of memory against {whole(before)} MB"


def _growth_told(row: Row, scale: float, factor: float, exponent: float) -> str:
    shape = "linear" if abs(exponent - 1) <= LINEAR else "faster than linear" if exponent > 1 else "slower than linear"
    return f"{times(scale)} the items take {safe(row.name)} {times(factor)} the time (exponent {exponent:.2f}, {shape})"
