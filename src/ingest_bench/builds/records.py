"""What is kept of a comparison of builds, and what its pairs say."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from ingest_bench.analysis.speedup import speed_up
from ingest_bench.builds.names import SIDES, SideName
from ingest_bench.results.digest import matches
from ingest_bench.results.models import Digest, Environment, Load, Record, ServerRecord, Speedup
from ingest_bench.results.units import Items, Mebibytes, Seconds, UnixTime, Whole

DIRECTION = "base / this build: above 1 means this build is faster"
CONFIDENCE = 0.95
MEDIANS = ("wall_s", "cpu_s", "peak_rss_mib")


class BuildSample(Record):
    """One run of one build in a process of its own."""

    side: SideName
    """base or this."""
    pair: Whole
    """Number of the pair, from 0."""
    wall_s: Seconds
    """Of a cell as its own clock has it, of a command from start to end of the process."""
    cpu_s: Seconds
    """User and system, children included."""
    peak_rss_mib: Mebibytes
    """Resident memory at the peak."""
    items: Items | None = None
    """Delivered; null where there is nothing to count."""
    failures: Items = 0
    """Files or items that could not be read."""
    digest: Digest | None = None
    """What was delivered; null where there is nothing to compare."""
    server: ServerRecord | None = None
    """What the simulated server saw."""
    invalid: str | None = None
    """Why the sample can't be used; null: it can."""


class CaseRecord(Record):
    """A cell or a command, and what its pairs say."""

    name: str
    """As asked for."""
    reason: str | None = None
    """Why it has no time: the builds delivered different things, or a sample failed; null: it has."""
    wall: Speedup | None = None
    """Wall time, base over this build, pair by pair."""
    cpu: Speedup | None = None
    """CPU time, base over this build, pair by pair."""
    medians: dict[SideName, dict[str, float]] = Field(default_factory=dict)
    """By side, of wall_s, cpu_s and peak_rss_mib; samples of invalid pairs are left out."""
    remark: str | None = None
    """What else has to be known of it."""
    samples: list[BuildSample]
    """Every sample, invalid ones included."""


class BuildRecord(Record):
    """A build and its environment."""

    ref: str
    """As asked for."""
    commit: str | None
    """Null: not a checkout."""
    dirty: bool
    """Whether files differ from the commit."""
    code: str
    """Hash of its Python files, hexadecimal."""
    python: str
    """Version."""
    packages: dict[str, str]
    """Versions of all packages of its environment."""


class BuildComparison(Record):
    """`compare-builds.json`."""

    schema_version: str = "1.0"
    """Of the format of this file."""
    direction: str = DIRECTION
    """How ratios are to be read."""
    created_at: UnixTime
    """When it was written."""
    seed: Whole
    """Of corpora and of the order within pairs."""
    config: str
    """File that names the cells."""
    builds: dict[SideName, BuildRecord]
    """By side."""
    environment: Environment
    """The machine; software and commit are those of this build."""
    load_before: Load
    """Before the first pair."""
    load_after: Load
    """After the last pair."""
    cases: list[CaseRecord]
    """Commands first, then cells."""


def judge(name: str, samples: list[BuildSample], expected: Callable[[BuildSample], str | None]) -> CaseRecord:
    """Say what the pairs of a case amount to.

    Args:
        name: of the case.
        samples: of both sides, two a pair.
        expected: how what a sample delivered differs from what its corpus holds; None: it doesn't.

    """
    pairs = [_pair(samples, number) for number in sorted({sample.pair for sample in samples})]
    if differences := [difference for base, this in pairs if (difference := _difference(base, this))]:
        reason = f"{differences[0]} (in {len(differences)} of {len(pairs)} pairs)"
        return CaseRecord(name=name, reason=reason, samples=samples)
    valid = [pair for pair in pairs if not any(sample.invalid for sample in pair)]
    invalid = [sample.invalid for pair in pairs for sample in pair if sample.invalid]
    if len(valid) < 2:  # noqa: PLR2004 - a spread takes two
        reason = f"{len(valid)} usable pairs" + (f": {invalid[0]}" if invalid else "")
        return CaseRecord(name=name, reason=reason, samples=samples)
    unlike = next((difference for pair in valid if (difference := expected(pair[1]))), None)
    remarks = [f"{len(pairs) - len(valid)} of {len(pairs)} pairs invalid: {invalid[0]}"] if invalid else []
    remarks += [f"both builds deliver something else than the corpus holds: {unlike}"] if unlike else []
    return CaseRecord(
        name=name,
        wall=_ratio(valid, "wall_s"),
        cpu=_ratio(valid, "cpu_s"),
        medians={
            side: {field: statistics.median(getattr(pair[place], field) for pair in valid) for field in MEDIANS}
            for place, side in enumerate(SIDES)
        },
        remark="; ".join(remarks) or None,
        samples=samples,
    )


def _pair(samples: Sequence[BuildSample], number: int) -> tuple[BuildSample, BuildSample]:
    base, this = (next(each for each in samples if (each.pair, each.side) == (number, side)) for side in SIDES)
    return base, this


def _difference(base: BuildSample, this: BuildSample) -> str | None:
    if base.digest and this.digest and (difference := matches(this.digest, base.digest)):
        return f"this build delivers something else than the base: {difference}"
    if (base.items, base.failures) != (this.items, this.failures):
        counts = f"{base.items} items and {base.failures} failures, not {this.items} and {this.failures}"
        return f"this build delivers something else than the base, which has {counts}"
    return None


def _ratio(pairs: Sequence[tuple[BuildSample, BuildSample]], field: str) -> Speedup | None:
    times: list[tuple[Any, Any]] = [(getattr(base, field), getattr(this, field)) for base, this in pairs]
    return speed_up([base / this for base, this in times if base > 0 and this > 0], CONFIDENCE)
