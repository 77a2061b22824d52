"""The lane on the wall clock: a few real cells, with real processes, against the real simulator and its closed form."""

import logging
import math
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from ingest_bench.calibration.closed_forms import Bucket
from ingest_bench.calibration.models import Score, Wall, WallCell
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.corpora.builder import make_corpus
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.measure import measure
from ingest_bench.results.models import Cell, Sample
from ingest_bench.system.environment import load

LOG = logging.getLogger(__name__)

ITEMS, LIMIT = 500, 10
PAGES = ITEMS // LIMIT
DELAY, SERVICE, SLOTS = 0.050, 0.025, 3
"""The knee is at 3 (1 + 50 / 25) = 9 requests in flight."""
BELOW, ABOVE = SLOTS, 16
BUCKET = Bucket(rate=20, burst=20)
"""A client that waits the whole second of a refusal finds it full again; a smaller one would overflow."""
FEW, MANY, SMALL_PAGE = 4, 16, 5
LITTLE_TOLERANCE = 0.05
MAX_BIAS = 0.15
"""Of a measured speed-up, since real processes do more than the closed form holds."""
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
        measured = [
            (name, _measured(settings, scenario, arm, level), true) for name, scenario, arm, level, true in _plan()
        ]
    return Wall(
        seconds=time.perf_counter() - start,
        load_before=load_before,
        load_after=load(),
        cells=[_cell(name, cell, true) for name, cell, true in measured],
        scores=_scores([cell for _, cell, _ in measured]),
    )


def concurrent_seconds(workers: int) -> float:
    """Give the seconds that several workers take: landing page and collection at once, a first page, then all others.

    Up to as many workers as slots nobody waits for one, and the pages come in rounds; above the knee the slots never
    rest once the first requests have got through the delay.

    Raises:
        ValueError: there are more workers than slots, but fewer than the knee asks for.

    """
    opening, rest = 2 * (DELAY + SERVICE), PAGES - 1
    if workers <= SLOTS:
        return opening + math.ceil(rest / workers) * (DELAY + SERVICE)
    if workers < SLOTS * (1 + DELAY / SERVICE):
        raise ValueError(f"{workers} workers: between slots and knee the first rounds have no simple form")
    return opening + DELAY + math.ceil(rest / SLOTS) * SERVICE


def _plan() -> Iterator[tuple[str, str, str, int, float]]:
    # A single worker takes landing page, collection, and each page, one after another.
    one = (2 + PAGES) * (DELAY + SERVICE)
    yield "A/A", "slots", "one", 1, 1.0
    yield f"{BELOW} workers for {SLOTS} slots", "slots", "at_once", BELOW, one / concurrent_seconds(BELOW)
    yield f"{ABOVE} workers, above the knee", "slots", "at_once", ABOVE, one / concurrent_seconds(ABOVE)
    # Both are held back by the bucket alone, which gives out the same tokens to either.
    yield f"{MANY} workers against {FEW} at a token bucket", "limited", "at_once", MANY, 1.0


def _config(seed: int, folder: str) -> dict[str, Any]:
    at_once = {"limit": LIMIT, "worker_strategy": "queue"}
    common = {"group": "calibration", "corpus": "api"}
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
                "server": {"paging": "page", "think_ms": 1e3 * DELAY, "slots": SLOTS, "service_ms": 1e3 * SERVICE},
                "baseline": {"arm": "one"},
                "arms": {
                    "one": {"concurrency": [1], "settings": {"limit": LIMIT}},
                    "at_once": {"concurrency": [BELOW, ABOVE], "settings": at_once},
                },
            },
            "limited": {
                **common,
                "title": "Token bucket",
                "server": {"paging": "page", "think_ms": 1e3 * DELAY, "rate": bucket},
                "baseline": {"arm": "at_once", "concurrency": FEW},
                "arms": {"at_once": {"concurrency": [FEW, MANY], "settings": {**at_once, "limit": SMALL_PAGE}}},
            },
        },
    }


def _measured(settings: Settings, scenario: str, arm: str, level: int) -> Cell:
    LOG.info("calibrating on the wall clock: %s, %s at %d", scenario, arm, level)
    cell = measure(settings, find_cell(settings, scenario, arm, level))
    if cell.speedup is None or not cell.parity.ok:
        raise MeasurementError(f"calibration: {scenario}/{arm}-{level}: {cell.parity.reason or cell.stop_reason}")
    return cell


def _cell(name: str, cell: Cell, true: float) -> WallCell:
    assert cell.speedup  # seen to by _measured
    return WallCell(
        name=name,
        measured=cell.speedup.median,
        low=cell.speedup.low,
        high=cell.speedup.high,
        true=true,
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
    return (server.requests - server.rate_limited) / (BUCKET.burst + BUCKET.rate * (server.window_s - DELAY))
