"""What is found out about a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Verdict = Literal["pass", "warning", "failure"]
_SHOWN, _CHARACTERS = 3, 200


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    what: str
    """What was found, and why it counts where it isn't as it should be."""
    advice: str = ""
    """What to do; empty where nothing is to be done."""


def some_of(names: Iterable[str]) -> str:
    """Name the first of some things, and say how many there are."""
    named = list(names)
    more = f" and {len(named) - _SHOWN:,} more" if len(named) > _SHOWN else ""
    return f"{', '.join(name[:_CHARACTERS] for name in named[:_SHOWN])}{more}"
