"""Cost against size, time = a x items^exponent: cells of one way on corpora of several sizes, in pairs all along."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ingest_bench.analysis.candidates import settings_at
from ingest_bench.analysis.speedup import Bounds, Estimate, estimate_of, generator, median_of
from ingest_bench.config.models import Scenario, Settings
from ingest_bench.results.models import Cell, Results

DRAWS = 4_000
Steps = Sequence[Estimate]
"""Estimates whose sum is the log of the speed, items per second, relative to a reference common to all sizes."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The exponent, and the sizes that it was fitted to."""

    exponent: Bounds
    sizes: tuple[float, ...]
    times_time: float
    """How many times as long the largest takes as the smallest, by the fit."""

    @property
    def times_items(self) -> float:
        """How many times as many items the largest has as the smallest."""
        return self.sizes[-1] / self.sizes[0]

    @property
    def shape(self) -> Literal["linear", "slower than linear", "faster than linear"]:
        """What the interval says: linear when it holds 1."""
        if self.exponent.low <= 1 <= self.exponent.high:
            return "linear"
        return "faster than linear" if self.exponent.value > 1 else "slower than linear"


def fit_growth(speeds: Mapping[float, Steps], *, seed: int = 0) -> Growth | None:
    """Fit a power law by least squares on logarithms; the speed falls as items^(1 - exponent).

    The interval comes from repeating the fit on means drawn from what the pairs leave possible. A step that several
    sizes share is drawn once.

    Args:
        speeds: by number of items, the steps from the common reference to the speed at this size.
        seed: of the draws.

    Returns:
        None with fewer than two sizes.

    """
    sizes = tuple(sorted(speeds))
    if len(sizes) < 2:  # noqa: PLR2004 - a slope takes two points
        return None
    logs = np.log(sizes)
    lever = (logs - logs.mean()) / np.square(logs - logs.mean()).sum()
    means = np.array([sum(step.mean for step in speeds[size]) for size in sizes])
    shared = {id(step): step for steps in speeds.values() for step in steps}
    draws = {key: step.draws(generator(seed, index), DRAWS) for index, (key, step) in enumerate(shared.items())}
    drawn = np.array(
        [np.sum([draws[id(step)] for step in speeds[size]] or [np.zeros(DRAWS)], axis=0) for size in sizes]
    )
    exponents = 1 - lever @ drawn
    value = float(1 - lever @ means)
    return Growth(Bounds.of(value, exponents), sizes, float((sizes[-1] / sizes[0]) ** value))


Node = tuple[str, str]
"""A way of ingesting with its conditions, and a corpus."""
Graph = Mapping[Node, list[tuple[Node, Estimate]]]


@dataclass(frozen=True, slots=True)
class WayGrown:
    """One way of ingesting on corpora of several sizes."""

    scenario: str
    """One that holds its largest size."""
    arm: str
    label: str
    concurrency: int
    growth: Growth


def ways_grown(results: Results) -> list[WayGrown]:
    """Fit the growth of every way that was measured on corpora of the same kind but another size.

    A cell gives the speed of a way relative to a baseline, maybe on another corpus. Cells that share a side make a
    chain, so two sizes can be compared pair by pair though no cell holds both; absolute times are never compared.
    """
    settings = Settings.model_validate(results.config)
    graph: dict[Node, list[tuple[Node, Estimate]]] = {}
    items: dict[str, float] = {}
    cells: dict[str, list[Cell]] = {}
    for cell in results.cells:
        estimate = estimate_of(cell)
        if estimate is None or not settings.scenarios[cell.scenario].choosable:
            continue
        scenario = settings.scenarios[cell.scenario]
        base, corpus = scenario.baseline, scenario.baseline.corpus or scenario.corpus
        candidate = _way(settings, scenario, cell.arm, cell.concurrency, cell.corpus), cell.corpus
        baseline = _way(settings, scenario, base.arm, base.concurrency, corpus), corpus
        for role, (_, read) in (("candidate", candidate), ("baseline", baseline)):
            count = median_of(each.items for each in cell.samples if each.role == role and each.invalid is None)
            if count is not None:
                items.setdefault(read, count)
        cells.setdefault(candidate[0], []).append(cell)
        if candidate != baseline:
            graph.setdefault(baseline, []).append((candidate, estimate))
            graph.setdefault(candidate, []).append((baseline, replace(estimate, mean=-estimate.mean)))
    return [grown for way in cells if (grown := _way_grown(way, cells[way], graph, items, results.seed))]


def _way_grown(way: str, cells: list[Cell], graph: Graph, items: Mapping[str, float], seed: int) -> WayGrown | None:
    nodes = sorted((node for node in graph if node[0] == way and node[1] in items), key=lambda node: items[node[1]])
    if len(nodes) < 2:  # noqa: PLR2004 - growth takes two sizes
        return None
    steps = _paths(graph, nodes[0])
    growth = fit_growth({items[node[1]]: steps[node] for node in nodes if node in steps}, seed=seed)
    largest = max(cells, key=lambda cell: items[cell.corpus])
    return WayGrown(largest.scenario, largest.arm, largest.label, largest.concurrency, growth) if growth else None


def _paths(graph: Graph, start: Node) -> dict[Node, list[Estimate]]:
    """Give the shortest chain of estimates from one node to each other; breadth first, in the order of the cells."""
    paths: dict[Node, list[Estimate]] = {start: []}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for other, estimate in graph[node]:
            if other not in paths:
                paths[other] = [*paths[node], estimate]
                waiting.append(other)
    return paths


def _way(settings: Settings, scenario: Scenario, arm: str, level: int, corpus: str) -> str:
    """Describe a way and its conditions: two that differ in more than the number of items are not compared."""
    definition = scenario.arms[arm]
    kind = settings.corpora[corpus]
    shape = [kind.kind, kind.item_kb, kind.like, kind.files, kind.corrupt_share, kind.skewed, kind.generated]
    conditions = [
        scenario.cache,
        scenario.server.model_dump() if scenario.server else None,
        scenario.pipeline.output if scenario.pipeline else None,
        scenario.file,
    ]
    return json.dumps([definition.fetcher, settings_at(definition, level), shape, conditions], sort_keys=True)
