"""The files of rounds: plans, pairs that were added, and what a cell is with all of them.

A round's plan is a file, and so are the pairs that it adds to a cell. Files of before it are never written again.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson
from pydantic import ValidationError

from ingest_bench.analysis.busy_time import busy_s
from ingest_bench.analysis.speedup import cell_speed_up, pair_ratios
from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.errors import AggregationError
from ingest_bench.harness.request_ledger import RequestLedger
from ingest_bench.harness.validity import OUTLIER, flag_outliers
from ingest_bench.results.models import AddedPairs, Cell, MorePairs, Parity, Round
from ingest_bench.workflow.round_plan import costs, plan_round


def plan_file(number: int) -> str:
    """Give the file of a round's plan, below the folder of results."""
    return f"rounds/{number}.json"


def read_round(path: Path | str) -> Round:
    """Read the plan of a round.

    Raises:
        AggregationError: it is not there, or damaged.

    """
    try:
        return Round.model_validate(orjson.loads(Path(path).read_bytes())["round"])
    except (OSError, ValidationError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise AggregationError(f"{path}: can't be read ({type(error).__name__}); remove it to plan it again") from None


def files_of(settings: Settings, plan: Round) -> list[str]:
    """List the files of the pairs that a round adds, in the order of the configuration."""
    return [f"{settings.results}/{cell.round_file(plan.number)}" for cell in cells(settings) if cell.name in plan.cells]


def plans(settings: Settings) -> Iterator[Round]:
    """Read the plans of a finished run, up to the one that adds nothing.

    Raises:
        AggregationError: one is not there, or damaged.

    """
    number = 1
    while settings.two_passes:
        plan = read_round(Path(settings.results) / plan_file(number))
        yield plan
        if not plan.cells:
            return
        number += 1


def round_numbers(rounds: Iterable[Round], cell: PlannedCell) -> list[int]:
    """List the rounds that add pairs to a cell."""
    return [plan.number for plan in rounds if cell.name in plan.cells]


def with_rounds(first: Cell, numbers: Sequence[int], added: Sequence[Cell], confidence: float) -> Cell:
    """Return a cell with the pairs of the first pass and of all rounds.

    Args:
        first: of the first pass.
        numbers: of the rounds that added pairs.
        added: what each of them added.
        confidence: of the interval.

    """
    if not added:
        return first
    every = [first, *added]
    # What was deferred is known from the round that measured it first.
    known = added[0] if first.is_deferred else first
    samples = [sample.model_copy(deep=True) for cell in every for sample in cell.samples]
    for sample in samples:
        sample.notes = [note for note in sample.notes if not note.startswith(OUTLIER)]
    flag_outliers(samples, pair_ratios(samples))
    return first.model_copy(
        update={
            "samples": samples,
            "speedup": cell_speed_up(samples, confidence, "rounds_ended"),
            "stop_reason": "rounds_ended" if pair_ratios(samples) else "no_valid_pair",
            "unavailable": known.unavailable,
            "trace": known.trace,
            "environment": known.environment,
            "load_before": known.load_before,
            "cut_off": next((cell.cut_off for cell in reversed(every) if cell.cut_off), None),
            "unused_requests": sum(cell.unused_requests for cell in every),
            "parity": _first_wrong(cell.parity for cell in every),
            "baseline_parity": _first_wrong(cell.baseline_parity for cell in every),
            "load_after": every[-1].load_after,
            "attempt": max(cell.attempt for cell in every),
            "added": [_when(number, cell) for number, cell in zip(numbers, added, strict=True)],
        }
    )


def _when(number: int, cell: Cell) -> AddedPairs:
    began = min((sample.started_at for sample in cell.samples), default=cell.ended_at)
    return AddedPairs(round=number, started_at=cell.started_at, began_at=began, ended_at=cell.ended_at)


def _first_wrong(verdicts: Iterable[Parity]) -> Parity:
    return next((verdict for verdict in verdicts if not verdict.ok), Parity(ok=True))


def planned_round(
    settings: Settings, number: int, first: Mapping[str, Cell], added: Sequence[Mapping[str, Cell]]
) -> Round:
    """Plan a round from what has been measured.

    Args:
        settings: with the budget.
        number: of the round.
        first: cells of the first pass, by name.
        added: what each round has added, by name of the cell, from round 1 on; of the round to plan, what it measured
            when it was planned before.

    """
    before, kept = added[: number - 1], added[number - 1] if len(added) >= number else {}
    measured = []
    for cell in cells(settings):
        mine = {round_: part[cell.name] for round_, part in enumerate(before, start=1) if cell.name in part}
        measured.append(with_rounds(first[cell.name], [*mine], [*mine.values()], cell.sampling.confidence))
    every = [*first.values(), *(cell for part in added for cell in part.values())]
    spans = [(cell.started_at, cell.ended_at) for cell in every] + list(corpus_jobs(settings))
    return plan_round(
        settings,
        number,
        measured,
        costs({name: [cell, *(part[name] for part in added if name in part)] for name, cell in first.items()}),
        spent_s=busy_s([*spans, (time.time(), time.time())]),
        kept={name: _more(cell) for name, cell in kept.items() if cell.samples},
        ledger=RequestLedger.of(settings),
    )


def _more(cell: Cell) -> MorePairs:
    numbers = {sample.pair for sample in cell.samples}
    return MorePairs(first=min(numbers), pairs=max(1, len(numbers)))


def corpus_jobs(settings: Settings) -> Iterator[tuple[float, float]]:
    """Give when each corpus was made or looked at: start and end, seconds since 1970."""
    names = {name for cell in cells(settings) for name, corpus in cell.corpora.items() if corpus.url is None}
    for name in sorted(names):
        try:
            job = orjson.loads(settings.job_file(name).read_bytes())
            yield float(job["started_at"]), float(job["ended_at"])
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            continue
