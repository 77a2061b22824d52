"""The lane on the wall clock: a few real cells, with real processes, against the real simulator and its closed form."""

import logging
import os
import statistics
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ingest_bench.calibration.closed_forms import Bucket
from ingest_bench.calibration.models import Score, Wall, WallCell
from ingest_bench.calibration.wall_truth import DELAY, PAGES, SERVICE, SLOTS, Seen, true_speedups
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import make_corpus
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.measure import measure
from ingest_bench.results.models import Cell, Sample
from ingest_bench.system.environment import load

LOG = logging.getLogger(__name__)

LIMIT = 15
ITEMS = PAGES * LIMIT
BELOW, BESIDE, ABOVE = SLOTS, 10, 16
BUCKET = Bucket(rate=20, burst=20)
"""A client that waits the whole second of a refusal finds it full again; a smaller one would overflow."""
BUCKET_DELAY = 0.050
FEW, MANY, SMALL_PAGE = 4, 16, 2
LITTLE_TOLERANCE = 0.05
MAX_BIAS = 0.15
"""Of a measured speed-up, since a machine may be busy with something else."""
MIN_ADMITTED = 0.7
"""Share of a bucket's tokens that a client uses which waits in whole seconds."""


def run_wall(seed: int) -> Wall:
    """Give the cells and scores measured on the wall clock; it takes about two minutes.

    Raises:
        MeasurementError: a sample or a server failed, or no pair was valid.

    """
    start, load_before = time.perf_counter(), load()
    with TemporaryDirectory(prefix="calibration-") as folder:
        settings = load_settings(_config(seed, folder))
        make_corpus(settings, "api", os.cpu_count() or 1)
        measured = {each: _measured(settings, each) for each in PLAN}
    seen = Seen.of([sample for cell in measured.values() for sample in cell.samples if _is_single(cell, sample)])
    return Wall(
        seconds=time.perf_counter() - start,
        load_before=load_before,
        load_after=load(),
        stations=seen._asdict(),
        cells=[_cell(each, cell, seen) for each, cell in measured.items()],
        scores=_scores(list(measured.values())),
    )


class _Planned(NamedTuple):
    name: str
    scenario: str
    arm: str
    level: int
    beside: int | None = None
    """Workers of the baseline; None: a single one."""


PLAN = (
    _Planned("A/A", "slots", "one", 1),
    _Planned(f"{BELOW} workers for {SLOTS} slots", "slots", "at_once", BELOW),
    _Planned(f"{ABOVE} workers, above the knee", "slots", "at_once", ABOVE),
    _Planned(f"{ABOVE} workers against {BESIDE}, above the knee", "plateau", "at_once", ABOVE, BESIDE),
    _Planned(f"{MANY} workers against {FEW} at a token bucket", "limited", "at_once", MANY, FEW),
)


def _is_single(cell: Cell, sample: Sample) -> bool:
    """Say whether a sample that can be used is of a single worker at the slots."""
    return not sample.invalid and cell.scenario == "slots" and (sample.role == "baseline" or cell.arm == "one")


def _config(seed: int, folder: str) -> dict[str, Any]:
    at_once = {"limit": LIMIT, "worker_strategy": "queue"}
    common = {"group": "calibration", "corpus": "api"}
    slots = {"paging": "page", "think_ms": 1e3 * DELAY, "slots": SLOTS, "service_ms": 1e3 * SERVICE}
    bucket = {"per_second": BUCKET.rate, "burst": BUCKET.burst}
    return {
        "results": folder,
        "seed": seed,
        "sampling": {"pairs": {"min": 3, "max": 4}, "budget_seconds": 20, "tracemalloc_items": 0},
        "corpora": {"api": {"kind": "api", "items": ITEMS}},
        "scenarios": {
            "slots": {
                **common,
                "title": "Delay and slots",
                "server": slots,
                "baseline": {"arm": "one"},
                "arms": {
                    "one": {"concurrency": [1], "settings": {"limit": LIMIT}},
                    "at_once": {"concurrency": [BELOW, ABOVE], "settings": at_once},
                },
            },
            "plateau": {
                **common,
                "title": "Above the knee",
                "server": slots,
                "baseline": {"arm": "at_once", "concurrency": BESIDE},
                "arms": {"at_once": {"concurrency": [BESIDE, ABOVE], "settings": at_once}},
            },
            "limited": {
                **common,
                "title": "Token bucket",
                "server": {"paging": "page", "think_ms": 1e3 * BUCKET_DELAY, "rate": bucket},
                "baseline": {"arm": "at_once", "concurrency": FEW},
                "arms": {"at_once": {"concurrency": [FEW, MANY], "settings": {**at_once, "limit": SMALL_PAGE}}},
            },
        },
    }


def _measured(settings: Settings, planned: _Planned) -> Cell:
    LOG.info("calibrating on the wall clock: %s", planned.name)
    cell = measure(settings, find_cell(settings, planned.scenario, planned.arm, planned.level))
    if cell.speedup is None or not cell.parity.ok:
        raise MeasurementError(f"calibration: {planned.name}: {cell.parity.reason or cell.stop_reason}")
    return cell


def _cell(planned: _Planned, cell: Cell, seen: Seen) -> WallCell:
    assert cell.speedup  # seen to by _measured
    low = high = 1.0
    is_known = planned.scenario != "limited"  # how long a client waits although there are tokens depends on its pauses
    if is_known and planned.level > 1:
        low, high = true_speedups(seen, planned.level, planned.beside)
    return WallCell(
        name=planned.name,
        measured=cell.speedup.median,
        low=cell.speedup.low,
        high=cell.speedup.high,
        true=(low + high) / 2,
        true_within=(high - low) / (high + low) if is_known else None,
        pairs=cell.speedup.pairs,
        stop_reason=cell.stop_reason,
        limit=MAX_BIAS,
    )


def _scores(cells: Sequence[Cell]) -> list[Score]:
    samples = [sample for cell in cells for sample in cell.samples if sample.server]
    little = [abs(sample.server.little_ratio - 1) <= LITTLE_TOLERANCE for sample in samples if sample.server]
    admitted = [_admitted(sample) for cell in cells if cell.scenario == "limited" for sample in cell.samples]
    tokens = "requests that a token bucket admitted, over its tokens"
    return [
        Score.of("samples in which Little's law holds within 5%", little, at_least=0.95),
        Score.of(f"{tokens}, median", admitted, statistics.median, at_least=MIN_ADMITTED),
        Score.of(f"{tokens}, maximum", admitted, max, at_most=1.0),
    ]


def _admitted(sample: Sample) -> float:
    """Give the requests that a bucket admitted, over its tokens up to the last admission: b + r x time."""
    server = sample.server
    assert server  # the scenario has one
    # The last request was admitted a delay before the window's end.
    return (server.requests - server.rate_limited) / (BUCKET.burst + BUCKET.rate * (server.window_s - BUCKET_DELAY))
