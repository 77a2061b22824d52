"""Ways to take a pair, tried for real: hash seeds and duets, with files, on the machine that this runs on."""

import logging
import math
import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import numpy as np

from ingest_bench.analysis.cpu_time import cpu_s
from ingest_bench.analysis.race import CONFIDENCE
from ingest_bench.analysis.speedup import MIN_PAIRS, speed_up
from ingest_bench.calibration.tables import Table
from ingest_bench.config.matrix import ROLES, find_cell, load_settings
from ingest_bench.corpora.builder import make_corpus
from ingest_bench.harness.sides import PairSide, open_sides
from ingest_bench.harness.spawn import run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.models import Sample
from ingest_bench.system.page_cache import corpus_files, fill

LOG = logging.getLogger(__name__)
ITEMS = 1_000
REPEATS = 2
"""Pairs with the same hash seed, so that its effect can be told from noise."""
TIMEOUT_S = 600.0
NOTHING = "-"
FIXED, ONE_A_PAIR, ONE_A_SAMPLE, DUET = "hash seed 0", "one a pair", "one a sample", "at once"
WAYS = (FIXED, ONE_A_PAIR, ONE_A_SAMPLE, DUET)
CELLS = {"A/A": "same", "process pool against sequential": "other"}
"""What is measured, and the arm that is the candidate."""


@dataclass(frozen=True, slots=True)
class _Pair:
    way: str
    seed: int
    wall: float
    """Log ratio."""
    cpu: float


def on_this_machine(pairs: int, seed: int) -> Table:
    """Measure two cells with every way to take a pair, one pair after another in random order.

    Args:
        pairs: of each way and cell.
        seed: of what is drawn.

    Returns:
        For each, the ratio with its interval, the standard deviation of the pairs' log ratios by wall and by CPU time,
        and the standard deviation between hash seeds by CPU time, with the p-value that seeds do nothing.

    Raises:
        MeasurementError: a sample failed.

    """
    lot = random.Random(f"{seed}/pairing")  # noqa: S311 - repeatable on purpose
    rows = []
    with TemporaryDirectory(prefix="pairing-") as folder:
        settings = load_settings(_config(seed, folder))
        make_corpus(settings, "files", os.cpu_count() or 1)
        for name, arm in CELLS.items():
            with ExitStack() as stack:
                sides = open_sides(settings, find_cell(settings, "files", arm, 1), stack)
                fill(file for side in sides.values() if side.files for file in corpus_files(side.files))
                found = _taken([sides[role] for role in ROLES], pairs, lot)
            rows += [(name, *_figures(way, [pair for pair in found if pair.way == way])) for way in WAYS]
    return Table(
        f"Pairs on this machine: {pairs} of each way",
        ("cell", "hash seeds, sides", "ratio", "spread", "spread, CPU time", "between hash seeds, CPU time"),
        rows,
        texts=2,
    )


def _taken(sides: Sequence[PairSide], pairs: int, lot: random.Random) -> list[_Pair]:
    found = []
    for number in range(pairs):
        ways = lot.sample(WAYS, len(WAYS))
        for way in ways:
            found.append(_pair(sides, way, number, lot))
            LOG.info("pair %d of %d, %s: %.3f", number + 1, pairs, way, math.exp(found[-1].wall))
    return found


def _pair(sides: Sequence[PairSide], way: str, number: int, lot: random.Random) -> _Pair:
    seed = 1 + number // REPEATS
    seeds = {FIXED: (0, 0), ONE_A_SAMPLE: (seed, 1_000_000 + seed)}.get(way, (seed, seed))
    jobs = list(zip(sides, seeds, strict=True))
    order = lot.sample(range(2), 2)
    samples: dict[int, Sample] = {}
    with ThreadPoolExecutor(2 if way == DUET else 1) as pool:
        running = {place: pool.submit(_sample, *jobs[place]) for place in order}
        samples = {place: job.result() for place, job in running.items()}
    base, candidate = samples[0], samples[1]
    return _Pair(way, seed, math.log(base.wall_s / candidate.wall_s), math.log(cpu_s(base) / cpu_s(candidate)))


def _sample(side: PairSide, hash_seed: int) -> Sample:
    spec = SampleSpec(arm=side.arm, content_class=0, parent=os.getpid())
    return Sample(**run_sample(spec, TIMEOUT_S, hash_seed=hash_seed), role=side.role, pair=0)


def _figures(way: str, pairs: Sequence[_Pair]) -> tuple[str, ...]:
    ratio = speed_up([math.exp(pair.wall) for pair in pairs], CONFIDENCE)
    shown = f"{ratio.median:.3f} ({ratio.low:.3f} to {ratio.high:.3f})" if ratio else NOTHING
    spreads = [_spread([getattr(pair, time) for pair in pairs]) for time in ("wall", "cpu")]
    groups: dict[int, list[float]] = {}
    for pair in pairs:
        groups.setdefault(pair.seed, []).append(pair.cpu)
    between = NOTHING if way == FIXED else between_groups(list(groups.values()))
    return way, shown, *spreads, between


def _spread(logs: Sequence[float]) -> str:
    return f"{np.std(logs, ddof=1):.1%}" if len(logs) >= MIN_PAIRS else NOTHING


def between_groups(groups: Sequence[Sequence[float]]) -> str:
    """Give the standard deviation between groups of the same size, and the p-value of an F test that there is none.

    One-way analysis of variance with random effects (R. A. Fisher, "Statistical Methods for Research Workers", 1925).
    """
    from scipy.special import fdtrc  # noqa: PLC0415 - as everywhere

    whole = [group for group in groups if len(group) == max(map(len, groups))]
    size, count = len(whole[0]), len(whole)
    if size < 2 or count < 2:  # noqa: PLR2004 - else there is no variance
        return NOTHING
    values = np.array(whole)
    within = float(values.var(axis=1, ddof=1).mean())
    among = size * float(values.mean(axis=1).var(ddof=1))
    sd = math.sqrt(max(0.0, (among - within) / size))
    p = float(fdtrc(count - 1, count * (size - 1), among / within)) if within else 1.0
    return f"{sd:.1%} (p = {p:.2f})"


def _config(seed: int, folder: str) -> dict[str, object]:
    return {
        "results": folder,
        "seed": seed,
        "sampling": {"tracemalloc_items": 0},
        "corpora": {"files": {"kind": "item_files", "items": ITEMS, "item_kb": 5}},
        "scenarios": {
            "files": {
                "title": "Files",
                "group": "calibration",
                "corpus": "files",
                "baseline": {"arm": "same"},
                "arms": {
                    "same": {"concurrency": [1]},
                    "other": {"fetcher": "process_pool", "concurrency": [1]},
                },
            }
        },
    }
