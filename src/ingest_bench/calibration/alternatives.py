"""What is used beside what could be, on the same known answers: intervals, rules of races, hash seeds, duets."""

from functools import partial

from ingest_bench.calibration.pairing_trial import (
    MODELS,
    PAIRS,
    RATIOS,
    SEED_SDS,
    SEEDS,
    Tried,
    paired,
    with_seeds,
)
from ingest_bench.calibration.parallel import each
from ingest_bench.calibration.races import MACHINES
from ingest_bench.calibration.racing_trial import RULES, race_figures
from ingest_bench.calibration.stopping_trial import NOISES, stopped_figures
from ingest_bench.calibration.tables import Table
from ingest_bench.calibration.trial import RACES

CELLS = 10
"""Cells of each kind of noise that a run stands for."""


def alternatives(seed: int, runs: int, workers: int = 1) -> list[Table]:
    """Try each choice of the harness beside its alternatives.

    Args:
        seed: of everything drawn.
        runs: how much: each stands for `CELLS` cells on each kind of noise, and for three races.
        workers: processes that share it; their number changes nothing.

    """
    return [
        _intervals(seed, runs * CELLS, workers),
        _rules(seed, runs * RACES, workers),
        _seeds(seed, runs * CELLS),
        _duets(seed, runs, workers),
    ]


def _intervals(seed: int, cells: int, workers: int) -> Table:
    found = each(partial(stopped_figures, cells=cells, seed=seed), NOISES, workers)
    return Table(
        f"Intervals of cells that end when one is narrow: {cells:,} cells with each kind of noise",
        ("noise", "interval", "holds the truth", "A/A cells that claim a difference", "shows 10%", "pairs"),
        [
            (of.noise, of.kind, _share(of.covered), _share(of.claims), _share(of.shown), f"{of.pairs:.1f}")
            for figures in found
            for of in figures
        ],
        texts=2,
    )


def _rules(seed: int, races: int, workers: int) -> Table:
    found = each(partial(race_figures, seeds=range(seed, seed + races)), list(RULES), workers)
    return Table(
        f"Rules of races: {races:,} races, and as many whose cheaper option loses just more than the tolerance",
        (
            "rule",
            "right or undecided",
            *(f"clear ones decided, {machine}" for machine in MACHINES),
            "wrong at the edge",
            "intervals that hold the truth",
            "pairs of a race",
        ),
        [
            (
                of.rule,
                _share(of.right),
                *(_share(of.decided[machine]) for machine in MACHINES),
                _share(of.wrong_at_edge),
                _share(of.covered),
                f"{of.pairs:.0f}",
            )
            for of in found
        ],
    )


def _seeds(seed: int, cells: int) -> Table:
    rows = []
    for seed_sd in SEED_SDS:
        for way in SEEDS:
            two, one = (with_seeds(way, seed_sd, cells, seed, itself=itself) for itself in (False, True))
            shares = (two.covered, two.spread, one.covered, one.spread)
            rows.append((f"{seed_sd:.1%}", way, *map(_share, shares)))
    return Table(
        f"Hash seeds: {cells:,} cells of {PAIRS} pairs",
        (
            "a seed changes an arm by",
            "seeds",
            "holds the truth",
            "spread of pairs",
            "A/A holds the truth",
            "A/A spread",
        ),
        rows,
        texts=2,
    )


def _duets(seed: int, cells: int, workers: int) -> Table:
    plans = [(machine, way) for machine in MACHINES for way in MODELS]
    found = each(partial(_paired, cells=cells, seed=seed), plans, workers)
    return Table(
        f"Duets: {cells:,} cells of {PAIRS} pairs",
        (
            "machine",
            "sides",
            "spread of pairs",
            *(f"{figure} at {ratio:g}x" for ratio in RATIOS for figure in ("holds the truth", "bias")),
        ),
        [
            (
                machine,
                way,
                _share(tried[0].spread),
                *(cell for of in tried for cell in (_share(of.covered), f"{of.bias:+.1%}")),
            )
            for (machine, way), tried in zip(plans, found, strict=True)
        ],
        texts=2,
    )


def _paired(plan: tuple[str, str], *, cells: int, seed: int) -> list[Tried]:
    machine, way = plan
    return [paired(machine, MODELS[way], ratio, cells, seed) for ratio in RATIOS]


def _share(value: float) -> str:
    return f"{value:.1%}"
