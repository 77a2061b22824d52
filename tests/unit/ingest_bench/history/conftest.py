"""Runs over time whose truth is known: how fast each cell is on each machine, and when that changes."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from factories import MACHINE, arm, fake_cell, fake_sample, matrix, scenario
from ingest_bench.results.models import Cell, Environment, Results

ITEMS = 1000
DAY = 86_400.0
FIRST = 1_760_000_000.0
MANIFEST = {"kind": "item_files", "reference": {"count": ITEMS, "ids": "0", "content": ["0"]}, "broken": {}}
OTHER = MACHINE.model_copy(update={"host": "bench-2", "cpu_model": "Another CPU", "cores": 8})


class World:
    """Scenarios of a null cell and some arms each, measured once a day."""

    def __init__(self, scenarios: int = 2, arms: int = 2, spread: float = 0.03, pairs: int = 4) -> None:
        names = ["base", *(f"arm_{number}" for number in range(arms))]
        block = scenario(arms={name: arm() for name in names}, group="files")
        self.config = matrix(
            {"files": ("item_files", ITEMS)}, **{f"s{number}": deepcopy(block) for number in range(scenarios)}
        )
        self.names = [(name, each) for name, block in self.config["scenarios"].items() for each in block["arms"]]
        self._spread, self._pairs = spread, pairs

    def run(
        self,
        day: int,
        slower: Mapping[tuple[str, str], float] | None = None,
        machine: Environment = MACHINE,
        speed: float = 1.0,
        **changes: Any,
    ) -> Results:
        """Measure everything once.

        Args:
            day: when; it is the seed as well.
            slower: by scenario and arm, how many times as long its candidate takes.
            machine: where.
            speed: how many times as fast the machine is.
            changes: of the results.

        """
        rng = random.Random(f"{day}/{machine.host}")
        commit = f"{day:02x}" * 20
        cells = [
            self._cell(name, each, rng, (slower or {}).get((name, each), 1.0), speed).model_copy(
                update={
                    "environment": machine.model_copy(update={"commit": commit}),
                    "started_at": FIRST + day * DAY + place,
                    "ended_at": FIRST + day * DAY + place + 0.5,
                }
            )
            for place, (name, each) in enumerate(self.names)
        ]
        given = {"seed": 1, "created_at": FIRST + day * DAY + 3600, "corpora": {"files": MANIFEST}, "jobs": []}
        return Results.model_construct(**{**given, "config": deepcopy(self.config), "cells": cells, **changes})

    def _cell(self, name: str, arm_name: str, rng: random.Random, slower: float, speed: float) -> Cell:
        null = arm_name == "base"
        samples = []
        for pair in range(self._pairs):
            drift = math.exp(rng.gauss(0, 0.1)) / speed
            for role, truth in (("baseline", 1.0), ("candidate", 1.0 if null else slower / 2)):
                wall = truth * drift * math.exp(rng.gauss(0, self._spread))
                samples.append(fake_sample(role, pair, wall, items=ITEMS, cpu_user_s=0.9 * truth / speed))
        walls = [sample.wall_s for sample in samples]
        ratios = [base / own for base, own in zip(walls[::2], walls[1::2], strict=True)]
        return fake_cell(name, arm_name, samples, ratios, is_null_cell=null)


@pytest.fixture(scope="session")
def world() -> type[World]:
    """Give the maker of runs."""
    return World


@pytest.fixture(scope="session")
def other_machine() -> Environment:
    """Give a machine of another kind."""
    return OTHER


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Results, str], Path]:
    """Give a writer of `benchmark_results.json` into a folder of its own."""

    def written(results: Results, folder: str) -> Path:
        path = tmp_path / folder / "benchmark_results.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results.model_dump(mode="json")))
        return path

    return written
