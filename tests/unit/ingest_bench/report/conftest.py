"""Results as a whole matrix would give them, made from a seed: the truth behind every cell is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from factories import fake_cell, fake_sample
from ingest_bench.analysis.speedup import pair_ratios
from ingest_bench.config.matrix import PlannedCell, cells, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Cell, Load, Parity, Results, Sample, ServerRecord, Trace

CONFIG = Path(__file__).parents[4] / "config.yaml"
BEGIN = 1_770_720_000.0
DAY = 86_400


@dataclass(frozen=True)
class Truth:
    """What a run of one side really costs. Seconds, MiB."""

    rate: float
    peak_mib: float = 90.0
    cpu: float = 0.95
    requests: int = 0
    limited: int = 0
    stages: dict[str, float] = field(default_factory=dict)


FILE_RATE = {
    "reading": 120_000,
    "parsing": 90_000,
    "upstream": 3_000,
    "sequential": 28_000,
    "no_output": 28_000,
    "no_consumer": 28_000,
    "semaphore": 27_000,
    "queue": 29_000,
    "aiofiles": 1_600,
    "process_pool": 8_000,
    "stac_ingest": 8_000,
    "rustac": 4_000,
    "duckdb": 9_000,
}


def truth_of(settings: Settings, cell: PlannedCell, arm: str, level: int, corpus: str) -> Truth:
    """Give plausible costs: warm files hang on the processor, cold ones on the disk, an API on its think time."""
    scenario = settings.scenarios[cell.scenario]
    options = settings.corpora[corpus]
    items = options.items or 500
    memory = 70 + 1.5 * level
    if options.kind == "api":
        assert scenario.server or options.url
        think = (scenario.server.think_ms if scenario.server else 40) / 1000
        limit = int(scenario.arms[arm].settings.get("limit", 100))
        requests = -(-items // limit) + 2
        at_once = 19 if arm == "auto" else level if "time_chunks" in arm or "at_once" in arm else 1
        seconds = requests * (think + 0.002) / at_once + items * (6e-4 if arm == "pystac_client" else 6e-5)
        if scenario.server and scenario.server.rate:
            seconds = max(seconds, (requests - scenario.server.rate.burst) / scenario.server.rate.per_second * 1.04)
        limited = 3 if scenario.server and scenario.server.rate and level > 1 else 0
        truth = Truth(items / seconds, memory, min(1.0, items * 6e-5 / seconds), requests + limited, limited)
    elif options.kind == "geoparquet":
        truth = Truth(
            {"upstream": 1_800, "reading": 30_000}.get(arm, 9_900),
            4_200 if arm == "upstream" else 510 + 80 * level,
            1.0,
        )
    else:
        slow = 4.0 if scenario.cache == "cold" and level == 1 else 1.5 if scenario.cache == "cold" else 1.0
        truth = Truth(FILE_RATE[arm] / slow, memory, 0.97 / slow)
    if scenario.pipeline:
        writing = {"items": 3.5, "ndjson": 0.1, "geoparquet": 0.8}[scenario.pipeline.output] * items / 10_000
        stages = {"ingest": items / truth.rate, "transform": items * 2e-6, "output": writing}
        for name in {"output": ["output"], "consumer": ["output", "transform"]}.get(scenario.arms[arm].skip, []):
            del stages[name]
        truth = replace(truth, rate=items / sum(stages.values()), stages=stages)
    return truth


@dataclass
class Maker:
    """Makes results, as the tests need them."""

    settings: Settings
    pairs: int = 6
    noise: float = 0.03
    seed: int = 1

    def __call__(
        self,
        only: Callable[[PlannedCell], bool] = lambda cell: True,
        truth: Callable[[PlannedCell, str, int, Truth], Truth] = lambda cell, arm, level, cost: cost,
        edit: Callable[[Cell], Cell] = lambda record: record,
    ) -> Results:
        """Make results of the cells picked, with costs and cells changed."""
        chosen = [cell for cell in cells(self.settings) if only(cell)]
        made = [edit(self._cell(cell, number, truth)) for number, cell in enumerate(chosen)]
        return Results(
            seed=self.settings.seed,
            created_at=BEGIN + DAY,
            config=self.settings.model_dump(mode="json"),
            corpora={name: self._manifest(name) for name in self.settings.corpora},
            cells=made,
        )

    def _count(self, corpus: str, file: str | None = None) -> int:
        options = self.settings.corpora[corpus]
        items = options.items or options.max_items or 500
        return round(items * (1 - options.corrupt_share)) // ((options.files or 1) if file else 1)

    def _manifest(self, name: str) -> dict[str, Any]:
        options, count = self.settings.corpora[name], self._count(name)
        broken = {f"broken-{number}.json": "not JSON" for number in range((options.items or count) - count)}
        files = options.files or (count + len(broken) if options.kind != "api" else 2)
        size = count * options.item_kb * 1000
        part = {"count": count // options.files} if options.files else {}
        return {
            "kind": options.kind,
            "items": None if options.url else count,
            "files": files,
            "bytes": size,
            "broken": broken,
            "file_references": {f"part-{number:05}.parquet": part for number in range(options.files or 0)},
        }

    def _cell(self, cell: PlannedCell, number: int, change: Callable[[PlannedCell, str, int, Truth], Truth]) -> Cell:
        rng = random.Random(f"{self.seed}/{cell.scenario}/{cell.arm}/{cell.concurrency}")
        begin = BEGIN + 60 * number
        samples = [
            self._sample(cell, role, pair, rng, change)
            for pair in range(self.pairs)
            for role in ("baseline", "candidate")
        ]
        arm = cell.candidate.options
        defect = arm.known_defect
        base_defect = cell.baseline.options.known_defect
        return fake_cell(
            cell.scenario,
            cell.arm,
            samples,
            pair_ratios(samples).values(),
            group=cell.group,
            label=cell.label,
            concurrency=cell.concurrency,
            is_null_cell=cell.is_null_cell,
            known_defect=defect,
            cache=cell.cache,
            corpus=cell.corpus,
            settings={"arm": cell.arm, "settings": arm.settings},
            baseline={"arm": cell.baseline.arm},
            stop_reason="target_ci_reached",
            parity=Parity(ok=not defect, reason=defect),
            baseline_parity=Parity(ok=not base_defect, reason=base_defect),
            trace=Trace(items=1000, peak_mib=5 + cell.concurrency / 4),
            load_before=Load(load_1m=0.4, steal_s=10.0),
            load_after=Load(load_1m=1.1, steal_s=10.1),
            started_at=begin,
            ended_at=begin + 40,
        )

    def _sample(
        self,
        cell: PlannedCell,
        role: str,
        pair: int,
        rng: random.Random,
        change: Callable[[PlannedCell, str, int, Truth], Truth],
    ) -> Sample:
        base = role == "baseline"
        side = cell.baseline if base else cell.candidate
        arm, level, corpus = side.arm, side.concurrency, side.corpus
        scenario = self.settings.scenarios[cell.scenario]
        cost = change(cell, arm, level, truth_of(self.settings, cell, arm, level, corpus))
        items = self._count(corpus, scenario.file)
        wall = items / cost.rate * rng.lognormvariate(0, self.noise)
        stages = {name: seconds * wall / items * cost.rate for name, seconds in cost.stages.items()}
        broken = (self.settings.corpora[corpus].items or items) - items
        return fake_sample(
            role,
            pair,
            wall,
            started_at=BEGIN + pair,
            cpu_user_s=wall * cost.cpu * 0.8,
            cpu_system_s=wall * cost.cpu * 0.2,
            peak_rss_mib=cost.peak_mib * rng.uniform(0.99, 1.01),
            start_rss_mib=55.0,
            first_item_s=wall / 50,
            items=items,
            failures=broken if scenario.corpus == "broken_directory" else 0,
            requests=cost.requests or None,
            rate_limited=cost.limited if cost.requests else None,
            stages=stages,
            server=self._server(scenario.server.think_ms, cost, wall, level) if scenario.server else None,
        )

    def _server(self, think_ms: float, cost: Truth, wall: float, level: int) -> ServerRecord:
        response = think_ms + 2.0
        return ServerRecord(
            requests=cost.requests,
            rate_limited=cost.limited,
            think_ms_asked=think_ms,
            think_ms_achieved=think_ms + 0.3,
            response_ms_p50=response,
            response_ms_p95=response * 1.2,
            response_ms_mean=response,
            in_flight_mean=min(level, cost.requests * response / 1000 / wall),
            in_flight_peak=level,
            window_s=wall,
            little_ratio=1.0,
            cpu_s=wall * 0.1,
        )


@pytest.fixture(scope="session")
def shipped() -> Settings:
    """Give the matrix that the project ships."""
    return load_settings(CONFIG)


@pytest.fixture
def make(shipped: Settings) -> Maker:
    """Give the maker of results for that matrix."""
    return Maker(shipped)


@pytest.fixture(scope="module")
def whole(shipped: Settings) -> Results:
    """Make results of that whole matrix once. Leave them as they are."""
    return Maker(shipped)()


@pytest.fixture
def make_of() -> Callable[[dict[str, Any]], Maker]:
    """Give a maker of results for any matrix."""
    return lambda config: Maker(Settings.model_validate(config))
