"""Runs whose truth is known: every cell's speed-up, and how its pairs spread, are given."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from factories import arm, fake_cell, fake_pairs, matrix, scenario
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.config.models import Sampling
from ingest_bench.harness.validity import StoppingRule
from ingest_bench.results.models import Cell, Results

ITEMS = 1000

DRAWS: dict[str, Callable[[random.Random], float]] = {
    "normal": lambda rng: rng.gauss(0, 1),
    # As on a busy machine: one sample in ten of the candidate is far slower.
    "hiccups": lambda rng: rng.gauss(0, 1) - (rng.uniform(0, 5) if rng.random() < 0.1 else 0),
}


@dataclass
class Truth:
    """What is simulated: scenarios of a null cell and some arms each; all cells of a scenario spread alike."""

    scenarios: int = 16
    arms: int = 4
    spread: Callable[[random.Random], float] = lambda rng: 0.05
    """Of the log ratios of a scenario's cells."""
    max_pairs: Callable[[random.Random], int] = lambda rng: rng.randint(5, 10)
    """That a scenario's budget allows."""
    draw: str = "normal"
    tau: float = 0.0
    """Standard deviation by which the log speed-up of a cell moves from run to run, the same for all of its pairs."""
    seed: int = 1
    config: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Write the configuration down, and settle what belongs to the scenarios and not to a run."""
        rng = random.Random(self.seed)
        names = ["base", *(f"arm_{number}" for number in range(self.arms))]
        block = scenario(arms={name: arm() for name in names}, group="files")
        numbered = {f"s{number}": block for number in range(self.scenarios)}
        self.config = matrix({"files": ("item_files", ITEMS)}, **numbered)
        self._nature = {name: (self.spread(rng), self.max_pairs(rng)) for name in self.config["scenarios"]}

    def run(self, number: int, slower: Mapping[tuple[str, str], float] | None = None) -> LoadedRun:
        """Measure everything once, with some cells' candidates so many times as slow as they were."""
        rng = random.Random(f"{self.seed}/{number}")
        cells = [
            self._cell(scenario, arm, rng, (slower or {}).get((scenario, arm), 1.0))
            for scenario, block in self.config["scenarios"].items()
            for arm in block["arms"]
        ]
        return measured(self.config, cells, f"run-{number}.json")

    def _cell(self, scenario: str, arm: str, rng: random.Random, slower: float) -> Cell:
        spread, budget = self._nature[scenario]
        null = arm == "base"
        centre = 0.0 if null else math.log(2.0 / slower) + rng.gauss(0, self.tau)
        stop, ratios = StoppingRule(Sampling(budget_seconds=budget)), list[float]()
        while not stop(ratios, len(ratios), float(len(ratios))):
            ratios.append(math.exp(centre + spread * DRAWS[self.draw](rng)))
        return cell_of(scenario, arm, ratios, is_null_cell=null)


def cell_of(scenario: str, arm: str, ratios: Sequence[float], **changes: Any) -> Cell:
    """Make a cell with these speed-ups."""
    return fake_cell(scenario, arm, fake_pairs(ratios, items=ITEMS), ratios, **changes)


def measured(config: dict[str, Any], cells: list[Cell], file: str = "run.json", **changes: Any) -> LoadedRun:
    """Bring cells together, with a manifest of every corpus."""
    manifest = {"kind": "item_files", "reference": {"count": ITEMS, "ids": "0", "content": ["0"]}, "broken": {}}
    given = {
        "seed": 1,
        "created_at": 1_770_720_000.0,
        "config": config,
        "corpora": dict.fromkeys(config["corpora"], manifest),
        "cells": cells,
    }
    return LoadedRun.from_results(
        file, Results.model_construct(**{"schema_version": "2.0", "jobs": [], **given, **changes})
    )


@pytest.fixture(scope="session")
def truth() -> type[Truth]:
    """Give the maker of simulated runs."""
    return Truth


@pytest.fixture(scope="session")
def make_cell() -> Callable[..., Cell]:
    """Give the maker of single cells."""
    return cell_of


@pytest.fixture(scope="session")
def bring_together() -> Callable[..., LoadedRun]:
    """Give the maker of runs from cells."""
    return measured
