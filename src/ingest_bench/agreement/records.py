"""What is kept of runs that are compared, and of what they say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Done(_Record):
    """A run that has come to its end."""

    beside_load: bool = Field(description="whether another program took a core half of the time")
    seconds: float = Field(description="of the call that ended it")
    starts: int = Field(description="how often it was begun; a run that went on after an interruption spent more time")


class ModeAdvice(_Record):
    """What a run says of a mode."""

    status: Literal["decided", "undecided", "unknown"]
    use: str | None = Field(description="what to use, in words; a provisional choice where it is undecided")
    pairs: int = Field(description="of the choice, the fewest in one scenario")
    loss: float = Field(description="share of throughput that the choice is shown to lose at most")


class RunAdvice(_Record):
    """What a run took, and what it says."""

    name: str
    done: Done | None = Field(description="None for a run that others began")
    first_pass_s: float | None = Field(description="seconds; None where each cell was measured at one go")
    modes: dict[str, ModeAdvice]


class Contradiction(_Record):
    """Two decided runs of which one says that the other's choice loses more than what matters."""

    mode: str
    one: str = Field(description="the run whose choice loses, by the other's pairs")
    use: str = Field(description="that choice, in words")
    other: str
    better: str = Field(description="the other run's choice, in words")
    low: float = Field(description="the other run's interval of how many times as fast its own choice is")
    median: float
    high: float


class Agreement(_Record):
    """What several runs come to."""

    tolerance: float = Field(description="share of throughput; the loss that matters")
    runs: list[RunAdvice]
    contradictions: list[Contradiction]
    unmeasured: list[str] = Field(description="choices that another run has too few pairs of, so that it can't say")
