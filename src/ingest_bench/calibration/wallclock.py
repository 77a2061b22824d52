"""The lane on the wall clock: a few real cells, with real processes, against the real simulator and its closed form."""

import logging
import os
import statistics
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ingest_bench.calibration.closed_forms import Bucket, Station
from ingest_bench.calibration.event_simulation import run_seconds
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
ALONE = "A/A"
"""Its samples show what a request takes."""
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
        measured = {each: _measured(settings, each) for each in PLAN}
    alone = next(cell for each, cell in measured.items() if each.name == ALONE)
    stations = stations_seen([sample for sample in alone.samples if not sample.invalid])
    return Wall(
        seconds=time.perf_counter() - start,
        load_before=load_before,
        load_after=load(),
        stations={each.name: each.seconds for each in stations},
        cells=[_cell(each.name, cell, _true(each, stations)) for each, cell in measured.items()],
        scores=_scores(list(measured.values())),
    )


def concurrent_seconds(stations: Sequence[Station], workers: int) -> float:
    """Give the seconds that several workers take: landing page and collection at once, a first page, then all others.

    Args:
        stations: that each request passes.
        workers: at work on the pages.

    """
    opening = run_seconds(stations, 2, 2) + run_seconds(stations, 1, 1)
    return opening + run_seconds(stations, workers, PAGES - 1)


def one_by_one_seconds(stations: Sequence[Station]) -> float:
    """Give the seconds that a single worker takes: landing page, collection, and each page, one after another."""
    return run_seconds(stations, 1, 2 + PAGES)


def stations_seen(samples: Sequence[Sample]) -> list[Station]:
    """Return what a request passes, as a single worker's runs show it, who never waits for another one.

    Args:
        samples: of a single worker, with what the server saw.

    Returns:
        The delay and the slots, as long as the server really slept; its own work, which its one thread does for one
        request at a time; and what is left of the time of a run, the client's own work and the way, which its one
        thread does for one page at a time.

    """
    delay, slot, own, client = [], [], [], []
    for sample in samples:
        server = sample.server
        assert server  # the scenario has one
        slept = server.think_ms_achieved / 1e3
        response = server.response_ms_mean / 1e3
        own.append(server.cpu_s / server.requests)
        delay.append(slept)
        slot.append(response - slept - own[-1])
        client.append(sample.wall_s / server.requests - response)
    return [
        Station("delay", statistics.median(delay)),
        Station("slots", statistics.median(slot), SLOTS),
        Station("server", statistics.median(own), 1),
        Station("client", statistics.median(client), 1),
    ]


class _Planned(NamedTuple):
    name: str
    scenario: str
    arm: str
    level: int
    workers: int | None
    """Whose speed over that of one is to come out; None: nothing makes one side faster."""


PLAN = (
    _Planned(ALONE, "slots", "one", 1, None),
    _Planned(f"{BELOW} workers for {SLOTS} slots", "slots", "at_once", BELOW, BELOW),
    _Planned(f"{ABOVE} workers, above the knee", "slots", "at_once", ABOVE, ABOVE),
    # Both are held back by the bucket alone, which gives out the same tokens to either.
    _Planned(f"{MANY} workers against {FEW} at a token bucket", "limited", "at_once", MANY, None),
)


def _true(planned: _Planned, stations: Sequence[Station]) -> float:
    if planned.workers is None:
        return 1.0
    return one_by_one_seconds(stations) / concurrent_seconds(stations, planned.workers)


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


def _measured(settings: Settings, planned: _Planned) -> Cell:
    LOG.info("calibrating on the wall clock: %s", planned.name)
    cell = measure(settings, find_cell(settings, planned.scenario, planned.arm, planned.level))
    if cell.speedup is None or not cell.parity.ok:
        raise MeasurementError(f"calibration: {planned.name}: {cell.parity.reason or cell.stop_reason}")
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
