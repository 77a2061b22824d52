"""Advice for one source of the user's: what to use, how sure that is, and what all of the source would take."""

from __future__ import annotations

import math
import shlex
import textwrap
from pathlib import Path

from ingest_bench.analysis.candidates import Option
from ingest_bench.analysis.recommendations import ModeRecommendation
from ingest_bench.analysis.speedup import Bounds
from ingest_bench.analysis.whole_source import WholeCost, cost_of_whole
from ingest_bench.config.models import Whole
from ingest_bench.report.blocks import Block, Entry, Paragraph, Table
from ingest_bench.report.formatting import NOTHING, number, pasted, safe, span, speed_up, whole
from ingest_bench.report.model.certainty import how_sure, named
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.templating import text
from ingest_bench.report.text.recommendation import compared_with_others
from stac_ingest.sources.kind import KINDS

TITLE = "Your source"
COLUMNS = 120
HOUR, SPARE = 3600, 1.2
"""Seconds; and requests that a command may send, over those that it is expected to send at most."""


def own_source(data: ReportData) -> list[Block]:
    """Return the first section of a report on one source; nothing in other reports."""
    known = data.settings.whole
    choice = choice_of(data)
    if known is None:
        return []
    if choice is None or choice.use is None:
        return [
            Paragraph(_known(data)),
            Paragraph(_nothing(data) + " The [warnings](#warnings) say what went wrong, if something did."),
        ]
    cost = _cost(data, known, choice.use)
    rows = [[Entry(f"**{name}**"), Entry(value)] for name, value in _lines(choice, cost, known)]
    more = [] if choice.verdict.decided else [Paragraph(text("own_source", "undecided", more=_more(data)))]
    return [
        Table("What to use, and what it takes", ("", ""), rows),
        *more,
        Paragraph(_known(data)),
        Paragraph(text("own_source", "model", cost=cost, least=known.is_least)),
    ]


def in_words(data: ReportData, folder: Path) -> list[str]:
    """Return the same as lines for a terminal, with the commands that follow from it."""
    known, choice = data.settings.whole, choice_of(data)
    if known is None:
        return []
    if choice is None or choice.use is None:
        return ["", _wrapped(_unmarked(_nothing(data)), 0)]
    cost = _cost(data, known, choice.use)
    lines = _lines(choice, cost, known)
    width = max(len(name) for name, _ in lines)
    return [
        "",
        *(_wrapped(f"{name:<{width}}  {_unmarked(value)}", width + 2) for name, value in lines),
        "",
        *(f"    {command}" for command in _commands(data, choice, cost, folder)),
        "",
        f"More: {folder / 'benchmark_report.html'}",
    ]


def _more(data: ReportData) -> str:
    """Return the setting that gives more pairs: where requests are counted it is they that run out."""
    known, total = data.settings.whole, data.settings.remote.total_requests
    if known is None or total is None:
        return "budget_minutes=10"
    return f"requests={2 * (total + known.requests)}"


def _nothing(data: ReportData) -> str:
    """Say why nothing can be recommended, and what to do."""
    cells = [cell for cell in data.results.cells if not data.settings.scenarios[cell.scenario].pipeline]
    refused = [
        cell
        for cell in cells
        if cell.concurrency == 1
        and ("429" in (cell.cut_off or "") or any(sample.rate_limited for sample in cell.samples))
    ]
    wrong = [
        f"{cell.label} at {cell.concurrency}: {why}"
        for cell in cells
        if (why := cell.unavailable or cell.parity.reason or cell.baseline_parity.reason)
    ]
    unused = [
        f"{cell.label} at {cell.concurrency}: {sample.invalid}"
        for cell in cells
        for sample in cell.samples
        if sample.invalid
    ]
    cut_off = next((cell.cut_off for cell in cells if cell.cut_off and "429" not in cell.cut_off), None)
    if refused:
        rate = data.settings.remote.requests_per_second
        slower = f" (`requests_per_second={rate / 2:g}`)" if rate else ""
        why = f"the server answered 429 even to one request at a time. Ask it more slowly{slower}, or later."
    elif wrong or unused:
        why = f"{safe((wrong + unused)[0])}. Read a part of it by `stac-ingest` to see what is wrong with the source."
    elif cut_off:
        why = f"{safe(cut_off)}. Allow more requests (`{_more(data)}`)."
    else:
        why = f"no way has the pairs that it takes. Measure longer (`{_more(data)}`)."
    return f"Nothing can be recommended: {why}"


def choice_of(data: ReportData) -> ModeRecommendation | None:
    """Return the choice for the source; None where nothing was measured."""
    return next(iter(data.modes.values()), None)


def _cost(data: ReportData, known: Whole, use: Option) -> WholeCost:
    piped = {name for name, scenario in data.settings.scenarios.items() if scenario.pipeline}
    return cost_of_whole(known, use, [cell for cell in data.results.cells if cell.scenario in piped])


def _lines(choice: ModeRecommendation, cost: WholeCost, known: Whole) -> list[tuple[str, str]]:
    use = choice.use
    assert use is not None, "looked at by the callers"
    faster = [option.cell.standing for _, option in compared_with_others(choice) if option.cell.standing]
    gain = f"{speed_up(faster[0])} as fast as today's default" if faster else "as by default, one after another"
    lines = [
        ("Use", f"{named(use)} ({pasted({'concurrency': use.concurrency, **use.settings})}): {gain}"),
        ("How sure", how_sure(choice.verdict, choice.options_named) or "nothing else was measured"),
    ]
    if known.is_least:
        return [*lines, ("All of it", f"at least {_bounds(cost.items)} items (the API doesn't count them)")]
    lines += [("All of it", f"{_bounds(cost.items)} items"), ("Time to read", _time(cost.seconds))]
    if cost.writing_s:
        lines.append(("To write it", f"{_time(cost.writing_s)} more, as GeoParquet"))
    if cost.requests:
        lines.append(("Requests", _bounds(cost.requests)))
    lines.append(("Memory", f"{_bounds(cost.memory_mib)} MiB" if cost.memory_mib else NOTHING))
    return lines


def _time(seconds: Bounds | None) -> str:
    if seconds is None:
        return "too few samples to tell"
    if seconds.value >= HOUR:
        return f"{number(seconds.value / HOUR)} hours ({number(seconds.low / HOUR)} to {number(seconds.high / HOUR)})"
    return f"{_short(seconds.value)} ({_short(seconds.low)} to {_short(seconds.high)})"


def _short(seconds: float) -> str:
    return f"{number(seconds)} s" if seconds < 10 else span(seconds)  # noqa: PLR2004 - where decimals say something


def _bounds(bounds: Bounds) -> str:
    value = whole(bounds.value)
    low, high = whole(bounds.low), whole(bounds.high)
    return value if low == high else f"{value} ({low} to {high})"


def _known(data: ReportData) -> str:
    known = data.settings.whole
    assert known is not None, "looked at by the callers"
    samples = [sample for cell in data.results.cells for sample in cell.samples]
    total = data.settings.remote.total_requests
    return text(
        "own_source",
        "known",
        whole=known,
        items=_bounds(Bounds(known.items, known.items_low, known.items_high)),
        cold=any(scenario.cache == "cold" for scenario in data.settings.scenarios.values()),
        sent=sum(sample.requests or 0 for sample in samples) + sum(cell.unused_requests for cell in data.results.cells),
        allowed=total and total + known.requests,
        refused=sum(sample.rate_limited or 0 for sample in samples),
    )


def _commands(data: ReportData, choice: ModeRecommendation, cost: WholeCost, folder: Path) -> list[str]:
    """Return the commands that ingest the source as advised, with leave to ask a server of others as it was asked."""
    known, remote = data.settings.whole, data.settings.remote
    assert known is not None, "looked at by the callers"
    limits: dict[str, object] = {}
    if remote.total_requests is not None:
        counted = not known.is_least and cost.requests
        limits = {
            **({"max_requests": math.ceil(counted.high * SPARE)} if counted else {}),
            "requests_per_second": f"{remote.requests_per_second:g}",
            "max_in_flight": remote.max_in_flight,
        }
    source, settings = shlex.quote(known.source), shlex.quote(str(folder / "recommended_ingest.yaml"))
    options = [f"--collection {shlex.quote(known.collection)}"] if known.collection else []
    options += [f"--config {settings}", "--to geoparquet --output out/"]
    options += ["--allow-remote"] * bool(limits) + [f"--{name.replace('_', '-')} {limits[name]}" for name in limits]
    lines = [" ".join(["stac-ingest", source, *options])]
    if KINDS[choice.mode].splitter is not None:
        given = [f"source={source}", "output=out/"]
        given += [f"collection={shlex.quote(known.collection)}"] if known.collection else []
        given += ["allow_remote=true"] * bool(limits) + [f"{name}={value}" for name, value in limits.items()]
        lines.append(f"snakemake ingest --cores all --configfile {settings} --config {' '.join(given)}")
    return lines


def _wrapped(line: str, indent: int) -> str:
    return textwrap.fill(line, COLUMNS, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def _unmarked(marked: str) -> str:
    return marked.replace("**", "").replace("\\", "")
