"""What the stages of an ingest take when each runs alone, and which of them the whole waits for."""

from __future__ import annotations

from ingest_bench.bottleneck import Ablation, diagnose
from ingest_bench.reporting.rows import Row
from ingest_bench.reporting.view import Study, View
from ingest_bench.reporting.wording import listed, percent, safe, sentence, speed_up

LEFT_OUT: dict[str, Ablation] = {"read_only": "no_parsing", "parse_only": "from_memory"}
"""By fetcher."""


def stages_alone(_: Study, view: View) -> str | None:
    """Name the bottleneck, what removing each stage could gain, and how much of the whole's time each takes alone."""
    rows = [row for row in view.rows if row.usable and not row.cell.null]
    if not rows:
        return None
    alone = sentence("; ".join(_alone(row) for row in rows)) + f", of the time of {safe(view.baseline)}."
    return f"{_bottleneck(view, rows)} {alone}"


def _bottleneck(view: View, rows: list[Row]) -> str:
    found = diagnose({_left_out(row): row.standing for row in rows}, view.noise)
    gains = listed([f"{speed_up(gain)} as fast without the {stage} stage" for stage, gain in found.gains.items()])
    named = "no single stage" if found.bottleneck == "mixed" else f"**{found.bottleneck}**"
    return f"The bottleneck is {named}: at most {gains}."


def _left_out(row: Row) -> Ablation:
    return LEFT_OUT.get(row.arm.fetcher, "no_think_time")


def _alone(row: Row) -> str:
    ratio = row.standing
    share, low, high = (percent(1 / part) for part in (ratio.median, ratio.high, ratio.low))
    return f"{safe(row.name)} takes {share} ({low} to {high})"
