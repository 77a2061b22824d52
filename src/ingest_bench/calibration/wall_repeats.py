"""The lane on the wall clock many times over: whether its intervals hold the truth as often as they claim.

Each repeat is a file, written when it is done; a run that was ended goes on after the last one.
"""

import logging
import statistics
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from ingest_bench.analysis.speedup import CONFIDENCE
from ingest_bench.calibration.models import Wall
from ingest_bench.calibration.wallclock import run_wall
from ingest_bench.results.models import Dependencies, Record
from ingest_bench.system.dependencies import changed, recording
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

LOG = logging.getLogger(__name__)
LEAST_CHANCE = 0.025
"""Intervals claim too much when so few that hold the truth have a smaller chance than this, if 95% of all do."""


class WallRepeat(Record):
    """A repeat, with the code that measured it."""

    seed: int
    wall: Wall
    depends_on: Dependencies = Field(description="the code that was calibrated")


def repeat_wall(folder: Path, repeats: int, seed: int) -> list[Wall]:
    """Measure the lane so many times, each two minutes of a quiet machine; those that are there already are kept.

    Args:
        folder: for a file of each.
        repeats: how many; each has a seed of its own.
        seed: of the first.

    Returns:
        All of them. One that other code measured, or with another seed, is measured again.

    Raises:
        MeasurementError: a sample or a server failed; what was measured before is kept.

    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _measured(folder / f"repeat-{number + 1:03}.json", number + 1, repeats, seed + number)
        for number in range(repeats)
    ]


def coverage_lines(walls: Sequence[Wall]) -> list[str]:
    """Give how many intervals hold the truth: of each cell, and of all."""
    lines = []
    for name in dict.fromkeys(cell.name for wall in walls for cell in wall.cells):
        cells = [cell for wall in walls for cell in wall.cells if cell.name == name]
        biases = sorted(cell.bias for cell in cells)
        bias = f"bias {biases[0]:+.2%} to {biases[-1]:+.2%}, median {statistics.median(biases):+.2%}"
        known = [cell.covered for cell in cells if cell.covered is not None]
        lines.append(f"{name}: {sum(known)} of {len(known)} hold the truth; {bias}" if known else f"{name}: {bias}")
    held, tried = _held(walls)
    return [*lines, f"95% intervals that hold the truth: {held} of {tried} ({held / tried:.1%})"]


def claims_hold(walls: Sequence[Wall]) -> bool:
    """Tell whether as many intervals hold the truth as can be expected of intervals that claim 95%."""
    from scipy.special import bdtr  # noqa: PLC0415 - as everywhere

    held, tried = _held(walls)
    return float(bdtr(held, tried, CONFIDENCE)) >= LEAST_CHANCE


def _held(walls: Sequence[Wall]) -> tuple[int, int]:
    covered = [cell.covered for wall in walls for cell in wall.cells if cell.covered is not None]
    return sum(covered), len(covered)


def _measured(path: Path, number: int, repeats: int, seed: int) -> Wall:
    kept = _kept(path, seed)
    if kept:
        return kept
    LOG.info("repeat %d of %s on the wall clock", number, counted(repeats, "repeat"))
    with recording() as code:
        wall = run_wall(seed)
    record = WallRepeat(seed=seed, wall=wall, depends_on=code.dependencies(without=()))
    write_atomically(path, record.model_dump_json(indent=1).encode() + b"\n")
    return wall


def _kept(path: Path, seed: int) -> Wall | None:
    """Read what a file holds, if it is whole and what would be measured now."""
    if not path.exists():
        return None
    try:
        record = WallRepeat.model_validate_json(path.read_bytes())
    except ValidationError:
        why: str | None = "not whole, or of another version"
    else:
        why = "another seed" if record.seed != seed else changed(record.depends_on)
        if why is None:
            return record.wall
    LOG.info("%s: %s, so it is measured again", path, why)
    return None
