"""Runs whose truth is known: every cell's speed-up, and how its pairs spread, are given."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ingest_bench.analysis.speedup import speed_up
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.config.models import Sampling
from ingest_bench.harness.stopping import StoppingRule
from ingest_bench.results.models import Cell, Digest, Environment, Load, Parity, Results, Sample, Trace

ITEMS = 1000
MACHINE = Environment(
    host="bench-1",
    cpu_model="Example CPU",
    cores=2,
    governor=None,
    memory_gib=8.0,
    container=None,
    cpu_limit=None,
    memory_limit_gib=None,
    kernel="6.1.0",
    python="3.11.9",
    packages={"aiohttp": "3.10.1", "stac-ingest-bench": "0.1.0"},
    commit="0123456789abcdef",
    filesystem="ext4",
)
LOAD = Load(load_1m=0.1, steal_s=0.0)
DIGEST = Digest(count=ITEMS, ids="0", content="0")

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
        self.config = {
            "corpora": {"files": {"kind": "item_files", "items": ITEMS}},
            "scenarios": {
                f"s{number}": {
                    "title": f"Scenario {number}",
                    "group": "files",
                    "corpus": "files",
                    "baseline": {"arm": "base"},
                    "arms": {name: {"concurrency": [1]} for name in names},
                }
                for number in range(self.scenarios)
            },
        }
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
    """Make a cell with these speed-ups. Nothing is validated, since thousands are made."""
    given: dict[str, Any] = {
        "schema_version": "2.0",
        "identity": "0",
        "scenario": scenario,
        "group": "files",
        "arm": arm,
        "label": arm.replace("_", " "),
        "concurrency": 1,
        "is_null_cell": False,
        "known_defect": None,
        "cache": "warm",
        "corpus": "files",
        "settings": {},
        "baseline": {},
        "samples": [sample for pair, ratio in enumerate(ratios) for sample in _pair(pair, ratio)],
        "speedup": speed_up(ratios, 0.95),
        "stop_reason": "time_limit",
        "parity": Parity(ok=True),
        "baseline_parity": Parity(ok=True),
        "trace": Trace(items=0, peak_mib=None),
        "environment": MACHINE,
        "load_before": LOAD,
        "load_after": LOAD,
        "attempt": 1,
        "started_at": 1.0,
        "ended_at": 2.0,
    }
    return Cell.model_construct(**{**given, **changes})


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


def _pair(pair: int, ratio: float) -> tuple[Sample, Sample]:
    return _sample("baseline", pair, 1.0), _sample("candidate", pair, 1 / ratio)


def _sample(role: str, pair: int, wall: float) -> Sample:
    return Sample.model_construct(
        role=role,
        pair=pair,
        started_at=1.0,
        wall_s=wall,
        cpu_user_s=0.0,
        cpu_system_s=0.0,
        peak_rss_mib=50.0,
        start_rss_mib=40.0,
        first_item_s=None,
        items=ITEMS,
        failures=0,
        failed=[],
        stages={},
        notes=[],
        digest=DIGEST,
        server=None,
        invalid=None,
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
