"""Doubts about the numbers are told, with a cause and a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_bench.harness.validity import invalid_reason
from ingest_bench.report.markdown import markdown
from ingest_bench.report.model.study import ReportData
from ingest_bench.report.model.warnings import INVALID_REASONS
from ingest_bench.report.text.overview import (
    environment_section,
    invalid_samples_section,
    notes_section,
    warnings_section,
)
from ingest_bench.results.models import Cell

INVALID = "the server was saturated: 0.95 s of CPU in 1.00 s"


def some(spec: Any) -> bool:
    """Pick a scenario without doubts."""
    return bool(spec.scenario == "large_api")


def changed(**changes: Any) -> Any:
    """Return a change of every cell."""
    return lambda cell: cell.model_copy(update=changes)


def noted(note: str) -> Any:
    """Return a change that adds a remark to every sample."""

    def edit(cell: Cell) -> Cell:
        samples = [sample.model_copy(update={"notes": [note]}) for sample in cell.samples]
        return cell.model_copy(update={"samples": samples})

    return edit


def wide(cell: Cell) -> Cell:
    """Return a cell whose interval is wide and rests on three pairs."""
    assert cell.speedup
    ratio = cell.speedup.model_copy(update={"low": 0.7, "high": 1.5, "pairs": 3})
    return cell.model_copy(update={"speedup": ratio, "samples": [each for each in cell.samples if each.pair < 3]})


def invalid(reason: str) -> Any:
    """Return a change that makes a sample of every cell invalid."""

    def edit(cell: Cell) -> Cell:
        first, *others = cell.samples
        return cell.model_copy(update={"samples": [first.model_copy(update={"invalid": reason}), *others]})

    return edit


def other(cell: Cell) -> Cell:
    """Return a cell that delivered something else."""
    return cell.model_copy(update={"parity": cell.parity.model_copy(update={"ok": False, "reason": "one is missing"})})


def stolen(cell: Cell) -> Cell:
    """Return a cell that lost a tenth of the processors' time."""
    lost = 0.1 * (cell.ended_at - cell.started_at) * cell.environment.cores
    after = cell.load_after.model_copy(update={"steal_s": cell.load_before.steal_s + lost})
    return cell.model_copy(update={"load_after": after})


def busy(cell: Cell) -> Cell:
    """Return a cell that began on a busy machine."""
    return cell.model_copy(update={"load_before": cell.load_before.model_copy(update={"load_1m": 9.0})})


def saving(cell: Cell) -> Cell:
    """Return a cell of a machine that saves power."""
    return cell.model_copy(update={"environment": cell.environment.model_copy(update={"governor": "powersave"})})


def test_a_calm_measurement_has_no_warnings(make: Any) -> None:
    """Nothing is doubted without a reason."""
    data = ReportData.from_results(make(some))
    assert data.warnings == []
    assert markdown(warnings_section(data)) == "None."


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (wide, "noisy: the baseline against itself shows 0.70 to 1.50"),
        (wide, "few pairs: {cells} of {cells} cells rest on 3 or fewer"),
        (invalid(INVALID), "saturated server: {cells} samples invalid"),
        (invalid("Little's law doesn't hold: 0.8"), "server out of step: {cells} samples invalid"),
        (invalid("no items were delivered"), "nothing delivered: {cells} samples invalid"),
        (invalid("the server answered 429 7 times; the client noticed 0"), "refusals unnoticed: "),
        (invalid("something new"), "unusable: {cells} samples invalid"),
        (other, "not the same items: "),
        (stolen, "steal time: up to 10%"),
        (busy, "busy machine: a load of up to 4.5 per core"),
        (saving, "frequency governor powersave"),
        (changed(attempt=2), "measured after a retry: "),
        (noted("3.1% of the pages were still in memory"), "not quite cold"),
        (noted("imported while the clock ran: json"), "imports inside the clock"),
    ],
)
def test_each_doubt_is_told(make: Any, edit: Any, told: str) -> None:
    """What is wrong, why that may be, and what to do about it."""
    data = ReportData.from_results(make(some, edit=edit))
    told = told.format(cells=len(data.results.cells))
    doubt = next(doubt for doubt in data.warnings if doubt.what.startswith(told))
    assert doubt.cause
    assert doubt.remedy
    assert told in markdown(warnings_section(data))


def test_every_reason_for_a_invalid_sample_has_its_cause_and_fix(make: Any) -> None:
    """What a measurement may call invalid is known to the warnings by how it begins."""
    sample = make(some).cells[0].samples[0]
    server = sample.server
    assert server is not None
    faults = [
        (sample.model_copy(update={"items": 0}), server),
        (sample, server.model_copy(update={"little_ratio": 0.8})),
        (sample, server.model_copy(update={"cpu_s": sample.wall_s})),
        (sample.model_copy(update={"rate_limited": 0}), server.model_copy(update={"rate_limited": 3})),
    ]
    reasons = [invalid_reason(*fault) or "" for fault in faults]
    named = [kind for kind in INVALID_REASONS if kind]
    kinds = [[kind for kind in named if reason.startswith(kind)] for reason in reasons]
    assert sorted(kinds) == sorted([kind] for kind in named)


def test_a_throttled_processor_is_told(make: Any) -> None:
    """A clock that is much slower after one cell than after others is heat or power; an unknown one is nothing."""

    def clocked(*rates: float | None) -> ReportData:
        results = make(some)
        loads = [
            cell.load_after.model_copy(update={"cpu_mhz": rate})
            for cell, rate in zip(results.cells, rates, strict=False)
        ]
        cells = [cell.model_copy(update={"load_after": load}) for cell, load in zip(results.cells, loads, strict=False)]
        return ReportData.from_results(results.model_copy(update={"cells": cells}))

    (doubt,) = clocked(3000, 2900, 2000).warnings
    assert doubt.what.startswith("throttled: ")
    assert "2,000 to 3,000 MHz" in doubt.what
    assert clocked(3000, 2900, 2700).warnings == []
    assert clocked(None, None, 2000).warnings == []


def test_a_job_beside_a_measurement_is_noticed(make: Any) -> None:
    """A corpus that was built on the same host while a cell was measured spoils it; elsewhere it doesn't."""
    results = make(some)
    cell = results.cells[0]
    job = {"rule": "corpus", "started_at": cell.started_at, "ended_at": cell.ended_at, "host": cell.environment.host}
    near = results.model_copy(update={"jobs": [job]})
    assert "jobs of rule corpus ran beside 1 measurement" in markdown(warnings_section(ReportData.from_results(near)))
    far = results.model_copy(update={"jobs": [{**job, "host": "another"}]})
    assert ReportData.from_results(far).warnings == []


def test_invalid_samples_are_listed_with_their_reasons(make: Any) -> None:
    """Each is found again by its cell, pair and side."""
    assert markdown(invalid_samples_section(ReportData.from_results(make(some)))) == "None."
    results = make(some, edit=invalid(INVALID))
    lines = markdown(invalid_samples_section(ReportData.from_results(results))).split("\n")[2:]
    assert len(lines) == len(results.cells)
    assert all(INVALID in line and "large_api" in line and "baseline" in line for line in lines)


def test_remarks_are_counted(make: Any) -> None:
    """The same remark of many samples is one line; outliers are counted whatever their ratio."""
    assert markdown(notes_section(ReportData.from_results(make(some)))) == "None."
    results = make(some, edit=noted("fell back to one request"))
    samples = f"({sum(len(cell.samples) for cell in results.cells)} samples)"
    assert f"fell back to one request {samples}" in markdown(notes_section(ReportData.from_results(results)))
    text = markdown(
        notes_section(ReportData.from_results(make(some, edit=noted("outlier: the ratio of this pair is 3.2"))))
    )
    assert samples in text


def test_every_machine_has_its_column(make: Any) -> None:
    """Cells measured on two nodes show both, and packages that differ show both versions."""
    results = make(some)
    first, *others = results.cells
    other = first.environment.model_copy(update={"host": "bench-2", "packages": {"orjson": "3.11.0"}})
    mixed = results.model_copy(update={"cells": [first.model_copy(update={"environment": other}), *others]})
    text = markdown(environment_section(ReportData.from_results(mixed)))
    assert "bench-1" in text
    assert "bench-2" in text
    assert "orjson 3.10.7 or 3.11.0" in text
    assert f"Seed: {results.seed}" in text
