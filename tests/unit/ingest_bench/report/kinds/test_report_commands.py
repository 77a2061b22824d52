"""Whole commands in the report: what they take against the baseline, and those that were not measured."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ingest_bench.analysis.speedup import cell_speed_up
from ingest_bench.report.formatting import speed_up
from ingest_bench.report.kinds.commands import times_baseline, versus_baseline
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.outline import whole_report
from ingest_bench.results.models import Cell, Results, Trace

NAME = "commands_files_geoparquet"


def results(make: Any, **more: Any) -> Results:
    """Return results in which the other command takes twice the time, half the CPU time of that, and 60 MiB."""
    return make(
        lambda spec: spec.scenario == NAME,
        lambda cell, arm, level, cost: replace(cost, peak_mib=60.0, cpu=0.5) if arm == "rustac" else cost,
        **more,
    )


def test_wall_cpu_and_memory_are_told_with_their_intervals(make: Any) -> None:
    """Each is a ratio to the baseline, pair by pair: of twice the time, half is computing."""
    (view,) = ReportData.from_results(results(make)).views
    row = next(row for row in view.rows if not row.cell.is_null_cell)
    wall, cpu, memory = (times_baseline(row, measure) for measure in ("wall", "cpu", "memory"))
    assert wall
    assert cpu
    assert memory
    assert wall.low < 2 < wall.high
    assert wall.low * 0.5 / 0.97 == pytest.approx(cpu.low)
    assert memory.median == pytest.approx(60 / 71.5, rel=0.02)
    assert versus_baseline(view) == (
        f"rustac translate at 1 takes {speed_up(wall)} the wall time of stac-ingest, {speed_up(cpu)} its CPU time and "
        f"{speed_up(memory)} its memory."
    )


def test_a_time_over_the_baselines_has_the_interval_of_the_speed_up(make: Any) -> None:
    """What it takes over the baseline is the inverse of the speed-up, also where rounds have added pairs to it."""
    (view,) = ReportData.from_results(results(make)).views
    row = next(row for row in view.rows if not row.cell.is_null_cell)
    for reason in ("rounds_ended", "max_pairs"):
        confidence = row.standing.confidence
        row.cell.stop_reason = reason
        row.cell.speedup = cell_speed_up(row.cell.samples, confidence, reason)
        wall = times_baseline(row, "wall")
        assert wall
        assert wall.low == pytest.approx(1 / row.standing.high)
        assert wall.high == pytest.approx(1 / row.standing.low)


def test_the_section_says_that_start_up_is_in_the_time(make: Any) -> None:
    """A reader of the section learns what is timed, and of which command lines; commands are never recommended."""
    text = " ".join(markdown([whole_report(ReportData.from_results(results(make)))]).split())
    assert "A run is a whole command, from the start of its process to its end" in text
    assert "rustac translate: `rustac translate {source} {output}` from one file of lines of JSON." in text
    assert "Nothing can be recommended" in text


def test_a_command_that_is_not_there_is_told_with_what_installs_it(make: Any) -> None:
    """A cell without samples leaves the others as they are, and its reason stands below the table."""

    def missing(cell: Cell) -> Cell:
        if cell.is_null_cell:
            return cell
        bare = {"samples": [], "speedup": None, "trace": Trace(items=0, peak_mib=None)}
        return cell.model_copy(update={**bare, "unavailable": "rustac: not installed here; make tools installs those"})

    made = Results.model_validate(json.loads(results(make, edit=missing).model_dump_json()))
    text = " ".join(markdown([whole_report(ReportData.from_results(made))]).split())
    assert "rustac translate at 1: not measured. rustac: not installed here; make tools installs those." in text
    assert "for want of valid pairs" not in text
