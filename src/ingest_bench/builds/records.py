"""What is kept of a comparison of builds: samples of either build as records of this one, and what its pairs say."""

import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from ingest_bench.analysis.counters import counter_differences
from ingest_bench.analysis.cpu_time import Figure, cpu_s, figure_of
from ingest_bench.analysis.speedup import EQUIVALENCE_MARGIN, INTERVAL_PAIRS, speed_up
from ingest_bench.config.matrix import Role
from ingest_bench.errors import MeasurementError
from ingest_bench.results.digest import matches
from ingest_bench.results.models import Digest, Environment, Load, Record, Sample, Speedup
from ingest_bench.results.units import Number, UnixTime, Whole
from stac_ingest.core.messages import one_line
from stac_ingest.core.text import counted

SideName = Literal["base", "this"]
Verdict = Literal["slower", "faster", "no difference", "undecided"]
SIDES: tuple[SideName, SideName] = ("base", "this")
ROLES: dict[SideName, Role] = {"base": "baseline", "this": "candidate"}
"""As samples name the sides."""

SYNONYMS = (
    ("peak_rss_mb", "peak_rss_mib"),
    ("start_rss_mb", "start_rss_mib"),
    ("residue", "content_class"),
)
"""A field a line: its names in samples' results and descriptions, oldest first. This build has one of each line."""


def name_among(field: str, names: Iterable[str]) -> str | None:
    """Give the name that a field of this build has among those of another; None: it has none."""
    line = next((line for line in SYNONYMS if field in line), (field,))
    return next((name for name in line if name in set(names)), None)


def as_sample(result: Mapping[str, Any], side: SideName, pair: int) -> Sample:
    """Read a sample's result, whichever build wrote it; fields that this build doesn't know are left out.

    Raises:
        MeasurementError: a field that every sample has is missing.

    """
    known = _renamed(result, Sample.model_fields)
    known["digest"] = _renamed(known.get("digest") or {}, Digest.model_fields)
    try:
        return Sample.model_validate({**known, "role": ROLES[side], "pair": pair})
    except ValidationError as error:
        raise MeasurementError(f"a sample of the {side} build can't be read: {one_line(error, Sample)}") from None


def _renamed(theirs: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Give values under the names of this build's fields."""
    names = {field: name_among(field, theirs) for field in fields}
    return {field: theirs[name] for field, name in names.items() if name is not None}


DIRECTION = "base / this build: above 1 means this build is faster"
CONFIDENCE = 0.95
MEASURES: dict[str, Callable[[Sample], float]] = {
    "wall_s": lambda sample: sample.wall_s,
    "cpu_s": cpu_s,
    "peak_rss_mib": lambda sample: sample.peak_rss_mib,
}
"""What is compared, by name. The wall time is by a cell's own clock, and that of a command's whole process."""


class CounterDifference(Record):
    """A counter that has one value in every sample of the base build, and another in every one of this build."""

    name: str
    """Its field in a sample."""
    base: Whole
    """In each sample of the base build."""
    this: Whole
    """In each sample of this build."""
    samples: Whole
    """Of both builds together."""
    gate: bool
    """Whether it fails the comparison: there is more of it, and it isn't one that was accepted."""


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
    figure: Figure = "wall"
    """The time that the verdict rests on: CPU time where one thread computes throughout, in both builds."""
    verdict: Verdict | None = None
    """On that time, beyond `margin`; null: it has none."""
    counters: list[CounterDifference] = Field(default_factory=list)
    """What is counted and isn't the same in both builds: facts, without an interval."""
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

    schema_version: str = "1.1"
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
    margin: Number = EQUIVALENCE_MARGIN
    """A loss or gain of throughput that is smaller doesn't matter, as a share."""
    confidence: Number = CONFIDENCE
    """That no verdict of all cases is wrong: each has its share of the error (Bonferroni)."""
    cases: list[CaseRecord]
    """In the order asked for."""

    @property
    def losses(self) -> list[CaseRecord]:
        """The cases that fail a gate: slower beyond the margin, or with more of what is counted."""
        return [case for case in self.cases if case.verdict == "slower" or any(each.gate for each in case.counters)]


def judge(
    name: str,
    samples: list[Sample],
    expected: Callable[[Sample], str | None],
    *,
    cases: int = 1,
    accepted: Collection[str] = (),
) -> CaseRecord:
    """Say what the pairs of a case amount to.

    Args:
        name: of the case.
        samples: of both sides, two a pair.
        expected: how what a sample delivered differs from what its corpus holds; None: it doesn't.
        cases: that are judged together.
        accepted: counters of which there may be more.

    """
    base, this = ({sample.pair: sample for sample in samples if sample.role == role} for role in ROLES.values())
    pairs = [(base[number], this[number]) for number in sorted(base)]
    if differences := [difference for pair in pairs if (difference := _difference(*pair))]:
        reason = f"{differences[0]} (in {len(differences)} of {counted(len(pairs), 'pair')})"
        return CaseRecord(name=name, reason=reason, samples=samples)
    valid = [pair for pair in pairs if not any(sample.invalid for sample in pair)]
    invalid = [sample.invalid for pair in pairs for sample in pair if sample.invalid]
    if len(valid) < INTERVAL_PAIRS:
        reason = f"{counted(len(valid), 'usable pair')}" + (f": {invalid[0]}" if invalid else "")
        return CaseRecord(name=name, reason=reason, samples=samples)
    remarks = [f"{len(pairs) - len(valid)} of {counted(len(pairs), 'pair')} invalid: {invalid[0]}"] if invalid else []
    if unlike := next((difference for pair in valid if (difference := expected(pair[1]))), None):
        remarks.append(f"the items of both builds differ from the corpus: {unlike}")
    usable = [sample for pair in valid for sample in pair]
    figure = figure_of(usable)
    return CaseRecord(
        name=name,
        wall=_ratio(valid, "wall_s"),
        cpu=_ratio(valid, "cpu_s"),
        figure=figure,
        verdict=_verdict(_ratio(valid, f"{figure}_s", 1 - (1 - CONFIDENCE) / cases)),
        counters=_counters(valid, accepted),
        medians={
            side: {field: statistics.median(map(value, own)) for field, value in MEASURES.items()}
            for side, own in zip(SIDES, zip(*valid, strict=True), strict=True)
        },
        remark="; ".join(remarks) or None,
        samples=samples,
    )


def _difference(base: Sample, this: Sample) -> str | None:
    if difference := matches(this.digest, base.digest):
        return f"this build's items differ from the base's: {difference}"
    if (base.items, base.failures) != (this.items, this.failures):
        had = f"{counted(base.items, 'item')} and {counted(base.failures, 'failure')}"
        has = f"{counted(this.items, 'item')} and {counted(this.failures, 'failure')}"
        return f"this build delivers {has}; the base delivers {had}"
    return None


def _verdict(ratio: Speedup | None) -> Verdict | None:
    """Give the verdict on base over this build: decided where the interval lies beyond, or within, the margin."""
    if ratio is None:
        return None
    least = 1 + EQUIVALENCE_MARGIN
    if ratio.high < 1 / least:
        return "slower"
    if ratio.low > least:
        return "faster"
    return "no difference" if 1 / least <= ratio.low and ratio.high <= least else "undecided"


def _counters(pairs: Sequence[tuple[Sample, Sample]], accepted: Collection[str]) -> list[CounterDifference]:
    return [
        CounterDifference(
            name=each.name,
            base=each.one,
            this=each.other,
            samples=each.samples,
            gate=each.more and each.name not in accepted,
        )
        for each in counter_differences(*zip(*pairs, strict=True))
    ]


def _ratio(pairs: Sequence[tuple[Sample, Sample]], field: str, confidence: float = CONFIDENCE) -> Speedup | None:
    times = [(MEASURES[field](base), MEASURES[field](this)) for base, this in pairs]
    return speed_up([base / this for base, this in times if base > 0 and this > 0], confidence)
