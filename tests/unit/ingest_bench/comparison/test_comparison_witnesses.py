"""CPU time beside wall time in a comparison, or in its place; counters as facts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from factories import MACHINE, arm, fake_pairs, matrix, scenario
from ingest_bench.comparison import Comparison, compare
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.comparison.render import as_markdown, as_text
from ingest_bench.results.models import Cell, Sample

CONFIG = matrix({"files": ("item_files", 1000)}, small=scenario(arms={"base": arm(), "other": arm()}, group="files"))
Bring = Callable[..., LoadedRun]
Make = Callable[..., Cell]


def run(
    make_cell: Make,
    bring_together: Bring,
    seed: int,
    *,
    slower: float = 1.0,
    stolen: float = 0.0,
    busy: bool = True,
    pairs: int = 6,
    machine: dict[str, Any] | None = None,
    **counted: int | None,
) -> LoadedRun:
    """Return a run of a null cell and a cell of twice the baseline's speed.

    Args:
        make_cell: the fixture.
        bring_together: the fixture.
        seed: of the noise.
        slower: how many times as long the candidate takes.
        stolen: share of the wall time of every third candidate that another guest takes.
        busy: whether its thread computes throughout; else it waits for half of the time.
        pairs: of each cell.
        machine: what differs of it.
        counted: of each sample of the candidate.

    """
    rng = random.Random(seed)
    cells = []
    for name in ("base", "other"):
        samples: list[Sample] = []
        for sample in fake_pairs([1.0 if name == "base" else 2.0 / slower] * pairs, items=1000):
            candidate = sample.role == "candidate"
            cpu = sample.wall_s * rng.gauss(1, 0.005)
            lost = stolen if candidate and sample.pair % 3 == 1 else 0.0
            wall = (cpu if busy else 2 * cpu) / (1 - lost)
            samples.append(
                sample.model_copy(update={"wall_s": wall, "cpu_user_s": cpu, **(counted if candidate else {})})
            )
        ratios = [base.wall_s / own.wall_s for base, own in zip(samples[::2], samples[1::2], strict=True)]
        cell = make_cell("small", name, ratios, is_null_cell=name == "base")
        environment = MACHINE.model_copy(update=machine or {})
        cells.append(cell.model_copy(update={"samples": samples, "environment": environment}))
    return bring_together(CONFIG, cells)


@pytest.fixture
def made(make_cell: Make, bring_together: Bring) -> Callable[..., LoadedRun]:
    """Give the maker of runs."""
    return lambda seed, **options: run(make_cell, bring_together, seed, **options)


def only(comparison: Comparison) -> Any:
    """Return the one cell that is compared."""
    (cell,) = comparison.cells
    return cell


def test_where_one_thread_computes_stolen_time_is_no_regression(made: Callable[..., LoadedRun]) -> None:
    """A run in which a third of the samples lost 40% of their time is compared by CPU time, and nothing is worse."""
    cell = only(compare(made(1), made(2, stolen=0.4)))
    assert (cell.figure, cell.verdict) == ("cpu", "no difference")
    assert cell.change.factor == pytest.approx(1.0, abs=0.02)
    assert cell.witness.factor == pytest.approx(0.6 ** (1 / 3), rel=0.03)
    slower = only(compare(made(1), made(2, slower=1.3, stolen=0.4)))
    assert (slower.figure, slower.verdict) == ("cpu", "worse")
    assert slower.change.low <= 1 / 1.3 <= slower.change.high


def test_where_it_waits_wall_time_decides_and_cpu_time_is_the_witness(made: Callable[..., LoadedRun]) -> None:
    """An arm that waits is judged by wall time; that its CPU time has stayed is told beside it."""
    comparison = compare(made(1, busy=False), made(2, busy=False, slower=1.3))
    cell = only(comparison)
    assert (cell.figure, cell.verdict) == ("wall", "worse")
    assert cell.witness.factor == pytest.approx(1 / 1.3, rel=0.03)
    assert "wall" in as_text(comparison)
    mixed = only(compare(made(1), made(2, busy=False)))
    assert mixed.figure == "wall"


def test_more_of_what_is_counted_is_worse_whatever_the_times(made: Callable[..., LoadedRun]) -> None:
    """One request more in each sample is a regression that the reason states as a fact; one less is told."""
    fewer, more = made(1, requests=10), made(2, requests=11)
    comparison = compare(fewer, more)
    cell = only(comparison)
    assert (cell.verdict, cell.reason) == ("worse", "counted: requests 10 to 11")
    assert [(each.name, each.earlier, each.current, each.gate) for each in cell.counters] == [
        ("requests", 10, 11, True)
    ]
    assert "counted: requests 10 to 11" in as_text(comparison)
    back = compare(more, fewer)
    assert only(back).verdict == "no difference"
    assert "requests 11 to 10" in as_markdown(back)


@pytest.mark.parametrize("counter", ["read_calls", "write_calls", "bytes_read", "output_bytes"])
def test_other_software_explains_all_but_requests(made: Callable[..., LoadedRun], counter: str) -> None:
    """With another Python more calls and bytes are told and fail nothing, and more requests still do."""
    newer = {"python": "3.13.1"}
    told = only(compare(made(1, **{counter: 5}), made(2, **{counter: 6}, machine=newer)))
    assert (told.verdict, told.counters[0].gate) == ("no difference", False)
    assert only(compare(made(1, **{counter: 5}), made(2, **{counter: 6}))).verdict == "worse"
    assert only(compare(made(1, requests=5), made(2, requests=6, machine=newer))).verdict == "worse"


def test_four_pairs_of_each_run_are_too_few_for_a_fact(made: Callable[..., LoadedRun]) -> None:
    """Counters say nothing with fewer than ten samples together."""
    assert only(compare(made(1, requests=5, pairs=4), made(2, requests=6, pairs=4))).counters == []
