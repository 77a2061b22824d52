"""Every figure of a document, kept as it was written: prose brings none of its own."""

from __future__ import annotations

import math
import re

from ingest_bench.reporting import wording
from ingest_bench.results import Ratio
from ingest_bench.scaling import Bounds

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


class Facts:
    """Writes figures and foreign words, and keeps the numbers in them.

    Prose is made of words and of what these methods give, so a number that is not in `numbers` was typed by hand.
    """

    def __init__(self) -> None:
        self.numbers: set[str] = set()

    def kept(self, text: str) -> str:
        """Keep the numbers of a text that was made from the data elsewhere."""
        self.numbers.update(NUMBER.findall(text))
        return text

    def name(self, text: str) -> str:
        """Write a name from the configuration or a reason from a cell, made harmless."""
        return self.kept(wording.safe(text))

    def number(self, value: float | None) -> str:
        """Write a number with about three digits."""
        return self.kept(wording.number(value))

    def whole(self, value: float | None) -> str:
        """Write a number without decimals."""
        return self.kept(wording.whole(value))

    def percent(self, share: float | None) -> str:
        """Write a share."""
        return self.kept(wording.percent(share))

    def ratio(self, ratio: Ratio | None) -> str:
        """Write a factor with its interval."""
        return wording.NOTHING if ratio is None else self.kept(wording.speed_up(ratio))

    def times(self, value: float) -> str:
        """Write a factor."""
        return self.kept(wording.times(value))

    def counted(self, count: float, thing: str) -> str:
        """Write a number of things."""
        return self.kept(wording.counted(count, thing))

    def between(self, bounds: Bounds) -> str:
        """Write an estimate with its interval."""
        value, low, high = (_rounded(number) for number in (bounds.value, bounds.low, bounds.high))
        return self.kept(f"{value} ({low} to {high})")


def _rounded(value: float) -> str:
    """Write two digits that count, however small, and no exponents."""
    size = abs(value)
    digits = 2 if size == 0 else max(0, 1 - math.floor(math.log10(size)))
    return f"{value:,.{min(digits, 6)}f}"
