"""What is kept of a comparison of builds, and what its pairs say."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from pydantic import Field

from ingest_bench.analysis.speedup import speed_up
from ingest_bench.builds.names import ROLES, SIDES, SideName
from ingest_bench.results.digest import matches
from ingest_bench.results.models import Environment, Load, Record, Sample, Speedup
from ingest_bench.results.units import UnixTime, Whole

DIRECTION = "base / this build: above 1 means this build is faster"
CONFIDENCE = 0.95
MEASURES: dict[str, Callable[[Sample], float]] = {
    "wall_s": lambda sample: sample.wall_s,
    "cpu_s": lambda sample: sample.cpu_user_s + sample.cpu_system_s,
    "peak_rss_mib": lambda sample: sample.peak_rss_mib,
}
"""What is compared, by name. The wall time is by a cell's own clock, and that of a command's whole process."""


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
    samples: list[Sample]
    """Every sample, invalid ones included; the base build is the baseline, this build the candidate."""


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
    """In the order asked for."""


def judge(name: str, samples: list[Sample], expected: Callable[[Sample], str | None]) -> CaseRecord:
    """Say what the pairs of a case amount to.

    Args:
        name: of the case.
        samples: of both sides, two a pair.
        expected: how what a sample delivered differs from what its corpus holds; None: it doesn't.

    """
    base, this = ({sample.pair: sample for sample in samples if sample.role == role} for role in ROLES.values())
    pairs = [(base[number], this[number]) for number in sorted(base)]
    if differences := [difference for pair in pairs if (difference := _difference(*pair))]:
        reason = f"{differences[0]} (in {len(differences)} of {len(pairs)} pairs)"
        return CaseRecord(name=name, reason=reason, samples=samples)
    valid = [pair for pair in pairs if not any(sample.invalid for sample in pair)]
    invalid = [sample.invalid for pair in pairs for sample in pair if sample.invalid]
    if len(valid) < 2:  # noqa: PLR2004 - a spread takes two
        reason = f"{len(valid)} usable pairs" + (f": {invalid[0]}" if invalid else "")
        return CaseRecord(name=name, reason=reason, samples=samples)
    remarks = [f"{len(pairs) - len(valid)} of {len(pairs)} pairs invalid: {invalid[0]}"] if invalid else []
    if unlike := next((difference for pair in valid if (difference := expected(pair[1]))), None):
        remarks.append(f"both builds deliver something else than the corpus holds: {unlike}")
    return CaseRecord(
        name=name,
        wall=_ratio(valid, "wall_s"),
        cpu=_ratio(valid, "cpu_s"),
        medians={
            side: {field: statistics.median(map(value, own)) for field, value in MEASURES.items()}
            for side, own in zip(SIDES, zip(*valid, strict=True), strict=True)
        },
        remark="; ".join(remarks) or None,
        samples=samples,
    )


def _difference(base: Sample, this: Sample) -> str | None:
    if difference := matches(this.digest, base.digest):
        return f"this build delivers something else than the base: {difference}"
    if (base.items, base.failures) != (this.items, this.failures):
        counts = f"{base.items} items and {base.failures} failures, not {this.items} and {this.failures}"
        return f"this build delivers something else than the base, which has {counts}"
    return None


def _ratio(pairs: Sequence[tuple[Sample, Sample]], field: str) -> Speedup | None:
    times = [(MEASURES[field](base), MEASURES[field](this)) for base, this in pairs]
    return speed_up([base / this for base, this in times if base > 0 and this > 0], CONFIDENCE)
