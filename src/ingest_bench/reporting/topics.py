"""What a scenario has shown of the one thing that it asks."""

from __future__ import annotations

from ingest_bench.reporting.columns import (
    bucket_seconds,
    client_ms,
    failures_told,
    lost,
    over_bucket,
    repeated,
    way_of_paging,
)
from ingest_bench.reporting.compare import Growth, alone, best, growth, usable, versus
from ingest_bench.reporting.rows import Row, middle
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import (
    bracketed,
    counted,
    duration,
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


def parsing(_: Study, view: View) -> str | None:
    """Say what parsing costs in memory, and how long the first item takes."""
    top = best(usable(view))
    first = top.median(lambda sample: sample.first_item_s) if top else None
    if top is None or first is None:
        return None
    before = middle(sample.first_item_s for sample in view.baseline_samples)
    kept = f" ({duration(before)} with {safe(view.baseline)})" if before is not None and not top.cell.null else ""
    cost = f"parsing takes {whole(top.overhead_mb)} MB on top"
    return f"With {safe(top.name)}, {cost}, and the first item comes after {duration(first)}{kept}."


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
    client = next((row for row in usable(view) if row.arm.record.role == "client"), None)
    direct = alone(view)
    if client is None or direct is None or not direct.own:
        return None
    ratio, waits = versus(direct, client), direct.server_median(lambda server: server.response_ms_mean)
    names = safe(client.cell.label), safe(direct.cell.label)
    spent = f"{number(client_ms(direct))} ms a request, {number(waits)} ms of it the server's"
    share = f"; {names[1]} takes {spent}" if waits else ""
    if no_difference(ratio, view.noise):
        return f"{names[0]} and {names[1]} can't be told apart ({bracketed(ratio)}){share}."
    longer = (client.time_s or 0) - (direct.time_s or 0)
    word = "longer" if longer > 0 else "less"
    return f"A run with {names[0]} takes {duration(abs(longer))} {word} than with {names[1]}{share}."


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


def by_page_size(view: View) -> str | None:
    """Compare the best way of paging with the baseline's way, page size by page size."""
    way = next((way_of_paging(row) for row in view.rows if row.cell.arm == view.scenario.baseline.arm), None)
    told = []
    for size in sorted({row.page_size for row in usable(view)}):
        rows = [row for row in usable(view) if row.page_size == size]
        usual = next((row for row in rows if way_of_paging(row) == way), None)
        other = best([row for row in rows if way_of_paging(row) != way])
        if usual and other:
            ratio = versus(other, usual)
            alike = ", no difference" if no_difference(ratio, view.noise) else ""
            told.append(f"{size:,} a page: {safe(way_of_paging(other))}, {speed_up(ratio)} as fast{alike}")
    return f"Against {safe(way or '')}, {'; '.join(told)}." if told else None


def limited(_: Study, view: View) -> str | None:
    """Say how many 429s were met, what was lost by them, and how near to the server's limit the time is."""
    met = max((row.rate_limited or 0 for row in view.rows), default=0)
    gone = {safe(row.name): lost(view, row) or 0 for row in view.rows}
    losing = [f"{name} ({count:,})" for name, count in gone.items() if count > 0]
    kept = f"items were lost by {listed(losing)}" if losing else "no item was lost"
    answer = "No way met a 429" if met == 0 else f"Up to {counted(met, 'refusal')} (429) a run were met"
    top = best(usable(view))
    over = over_bucket(view, top) if top else None
    if top is None or over is None:
        return f"{answer}, and {kept}."
    least = number(bucket_seconds(view, top))
    return f"{answer}, and {kept}; {safe(top.name)} takes {times(over)} the {least} s that the limit itself imposes."


def grown(study: Study, view: View) -> str | None:
    """Say how the time grows with the number of items."""
    told = [(row, rate) for row in view.rows if (rate := growth(study, view, row))]
    return sentence("; ".join(_growth_told(row, rate) for row, rate in told)) + "." if told else None


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


def _growth_told(row: Row, rate: Growth) -> str:
    steep = "faster than linear" if rate.exponent > 1 else "slower than linear"
    shape = "linear" if rate.low <= 1 <= rate.high else steep
    told = f"(exponent {rate.exponent:.2f}, {rate.low:.2f} to {rate.high:.2f}: {shape})"
    return f"with {safe(row.name)}, {times(rate.times_items)} the items take {times(rate.times_time)} the time {told}"
