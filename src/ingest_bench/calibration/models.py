"""`calibration.json`: how well the harness recovers known answers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from ingest_bench.errors import AggregationError
from ingest_bench.results.models import Dependencies, Load, Record

CALIBRATION = "calibration.json"


class Score(Record):
    """One figure over many trials on systems whose answer is known."""

    name: str
    value: float | None = Field(description="None: no trial")
    trials: int
    at_least: float | None = Field(default=None, description="lower limit; None: there is none")
    at_most: float | None = Field(default=None, description="upper limit; None: there is none")

    @classmethod
    def of(
        cls,
        name: str,
        trials: Sequence[float],
        figure: Callable[[Sequence[float]], float] = statistics.fmean,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> Score:
        """Take a figure of trials: of yes and no, their share of yes."""
        value = float(figure(trials)) if trials else None
        return cls(name=name, value=value, trials=len(trials), at_least=at_least, at_most=at_most)

    @property
    def limits(self) -> str:
        """The limits in words; empty where there are none."""
        low, high = (None if limit is None else f"{limit:.0%}" for limit in (self.at_least, self.at_most))
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else ""

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self.at_least is not None or self.at_most is not None

    @property
    def passed(self) -> bool:
        """Whether the limits are kept."""
        if self.value is None:
            return not self.limited
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )


class Virtual(Record):
    """The lane in virtual time."""

    runs: int
    seconds: float = Field(description="that it took")
    scores: list[Score]


class WallCell(Record):
    """A cell measured with real processes against the real simulator, next to its closed form."""

    name: str
    measured: float = Field(description="median of the pairs")
    low: float
    high: float
    true: float = Field(description="the middle of what the closed form leaves open")
    true_within: float | None = Field(
        default=0.0, description="how far the truth may be from it, as a share; None: known within the limit only"
    )
    pairs: int
    stop_reason: str
    limit: float = Field(description="largest bias either way, as a share")

    @property
    def bias(self) -> float:
        """Relative deviation of the measured speed-up from the true one."""
        return self.measured / self.true - 1

    @property
    def covered(self) -> bool | None:
        """Whether the interval holds the truth, or some of the range that it is in; None where that is not known."""
        if self.true_within is None:
            return None
        return self.low <= self.true * (1 + self.true_within) and self.true * (1 - self.true_within) <= self.high

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return abs(self.bias) <= self.limit


class Wall(Record):
    """The lane on the wall clock."""

    seconds: float = Field(description="that it took")
    load_before: Load
    load_after: Load
    stations: dict[str, float] = Field(
        default={},
        description="seconds of a request, and of a run beside its requests, as a single worker's runs show them",
    )
    cells: list[WallCell]
    scores: list[Score]


class Calibration(Record):
    """Both lanes."""

    schema_version: str = "2.1"
    seed: int
    created_at: float = Field(description="Unix time, seconds")
    virtual: Virtual
    wall: Wall | None = Field(description="None: it was left out")
    depends_on: Dependencies | None = Field(
        default=None, description="the code that was calibrated; None in files of before it was recorded"
    )

    @property
    def scores(self) -> list[Score]:
        """All scores of both lanes."""
        return [*self.virtual.scores, *(self.wall.scores if self.wall else [])]

    @property
    def cells(self) -> list[WallCell]:
        """All cells that were measured on the wall clock."""
        return self.wall.cells if self.wall else []

    @property
    def failures(self) -> list[str]:
        """The figures outside their limits, a line each."""
        return [
            *(f"{score.name}: {_value(score)}, not {score.limits}" for score in self.scores if not score.passed),
            *(f"{_measured(cell)}, more than {cell.limit:.0%} off" for cell in self.cells if not cell.passed),
        ]

    @property
    def lines(self) -> list[str]:
        """All figures, a line each."""
        scores = [f"{score.name}: {_value(score)} of {score.trials:,}" for score in self.scores]
        missed = [f"MISSED: {failure}" for failure in self.failures]
        return [*scores, *map(_measured, self.cells), *missed]


def read_calibration(folder: Path | str) -> Calibration | None:
    """Read the calibration of a folder of results; None where there is none.

    Raises:
        AggregationError: it is damaged or of another version.

    """
    path = Path(folder) / CALIBRATION
    if not path.exists():
        return None
    try:
        return Calibration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the file"
        message = f"{path}: {where} is not what this version writes; calibrate again or remove the file"
        raise AggregationError(message) from None


def _measured(cell: WallCell) -> str:
    within = f" within {cell.true_within:.2%}" if cell.true_within else ""
    found = f"{cell.measured:.3f} ({cell.low:.3f} to {cell.high:.3f})"
    return f"{cell.name}: {found} where {cell.true:.3f} is true{within}"


def _value(score: Score) -> str:
    return "no trial" if score.value is None else f"{score.value:.2%}"
