"""From values to places, with the values that are marked on an axis."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDE = 6
"""Values that differ by more than this factor are shown on a logarithmic axis."""
_STEPS = (1, 2, 2.5, 5)
_MARKS = 5


@dataclass(frozen=True)
class Scale:
    """A mapping from values to places along an axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: Sequence[float]

    def __call__(self, value: float) -> float:
        """Give the place of a value; what lies outside is put on the rim."""
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def value_scale(values: Iterable[float], start: float, end: float) -> Scale:
    """Begin at zero, or take logarithms where the values lie far apart."""
    known = [value for value in values if value >= 0]
    low, high = min(known, default=0.0), max(known, default=0.0) or 1.0
    if low > 0 and high / low > WIDE:
        return log_scale(low / 1.2, high * 1.2, start, end)
    top = high * 1.08
    step = _step(top / (_MARKS - 1))
    return Scale(0.0, top, start, end, log=False, ticks=[step * place for place in range(int(top / step) + 1)])


def log_scale(low: float, high: float, start: float, end: float) -> Scale:
    """Show how many times more each value is."""
    return Scale(low, high, start, end, log=True, ticks=_log_ticks(low, high))


def place_scale(places: Sequence[float], start: float, end: float) -> Scale:
    """Mark exactly these places, at distances that show how many times more each is."""
    return Scale(places[0] * 0.8, places[-1] * 1.25, start, end, log=True, ticks=places)


def ratio_scale(values: Iterable[float], start: float, end: float) -> Scale:
    """Show ratios around 1, as far above as below where both are there."""
    known = [value for value in values if value > 0]
    return log_scale(min([*known, 0.9]) / 1.08, max([*known, 1.11]) * 1.08, start, end)


def tick_text(value: float) -> str:
    """Write a marked value."""
    return f"{value:,.10g}"


def _step(minimum: float) -> float:
    power = 10.0 ** math.floor(math.log10(minimum))
    return next((step * power for step in _STEPS if step * power >= minimum), 10 * power)


def _log_ticks(low: float, high: float) -> list[float]:
    """Take 1, 2 and 5 of every power of ten, fewer where those are many, and more where they are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = _inside(low, high, [step * 10.0**power for power in powers for step in steps])
        if len(ticks) <= _MARKS + 1:
            break
    if len(ticks) > 2:  # noqa: PLR2004 - two marks say too little
        return ticks[:: math.ceil(len(ticks) / (_MARKS + 1))]
    fine = _step(max((high - low) / _MARKS, 1e-9))
    return _inside(low, high, [round(fine * place, 9) for place in range(1, math.ceil(high / fine) + 1)])


def _inside(low: float, high: float, values: Sequence[float]) -> list[float]:
    return [value for value in values if low <= value <= high]
