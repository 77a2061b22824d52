"""Where two documents differ that should be the same, number by number."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
_RULE = re.compile(r"[|:-]*--[|:-]*")
SHOWN, BEFORE = 60, 6
"""Characters that are shown of a text, and words before what differs."""
NOTHING = "nothing"


def numbers_in(text: str) -> int:
    """Count the numbers in a text."""
    return sum(1 for _ in NUMBER.finditer(text))


def text_differences(name: str, held: str, made: str) -> list[str]:
    """Compare a text with the same made anew, word by word; where lines end and how columns are filled is free.

    Args:
        name: of the file, for what is said.
        held: the text that is looked at.
        made: what it should be.

    Returns:
        In words each number that doesn't hold, with its line, and whatever else differs.

    """
    if held == made:
        return []
    mine, right = _words(held), _words(made)
    one, other = [word for _, word in mine], [word for _, word in right]
    start = next((at for at, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1), None)
    if start is None:
        start = min(len(one), len(other))
    found: list[str] = []
    for kind, first, last, begin, end in SequenceMatcher(None, one[start:], other[start:]).get_opcodes():
        if kind != "equal":
            first, last = first + start, last + start  # noqa: PLW2901 - places in the whole
            line = mine[min(first, len(mine) - 1)][0] if mine else 1
            at = f"{name}, line {line}"
            before = " ".join(one[max(0, first - BEFORE) : first])
            found += _word_differences(at, one[first:last], other[begin + start : end + start], before)
    return found


def _words(text: str) -> list[tuple[int, str]]:
    """List the words of a text with the number of their line; rules of tables, which follow from widths, are none."""
    lines = enumerate(text.splitlines(), 1)
    return [(number, word) for number, line in lines for word in line.split() if not _RULE.fullmatch(word)]


def _word_differences(at: str, mine: Sequence[str], right: Sequence[str], before: str) -> Iterator[str]:
    if [NUMBER.sub("#", word) for word in mine] == [NUMBER.sub("#", word) for word in right]:
        for one, other in zip(_numbers(mine), _numbers(right), strict=True):
            if one != other:
                yield f"{at}: {one} doesn't hold, the samples give {other} (after {_shown(before)})"
    else:
        yield f"{at}: {_shown(' '.join(mine) or None)} doesn't hold, the samples give {_shown(' '.join(right) or None)}"


def _numbers(words: Sequence[str]) -> list[str]:
    return [number for word in words for number in NUMBER.findall(word)]


def record_differences(name: str, held: Any, made: Any, place: str = "") -> Iterator[str]:
    """Compare parsed JSON with the same made anew, and say of each value that differs where it is."""
    if isinstance(held, Mapping) and isinstance(made, Mapping):
        for key in sorted({*held, *made}):
            yield from record_differences(name, held.get(key), made.get(key), f"{place}.{key}" if place else str(key))
    elif _listed(held) and _listed(made) and len(held) == len(made):
        for number, (one, other) in enumerate(zip(held, made, strict=True)):
            yield from record_differences(name, one, other, f"{place}[{number}]")
    elif held != made:
        yield f"{name}, {place}: {_shown(held)} doesn't hold, the samples give {_shown(made)}"


def _listed(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: Any) -> str:
    text = NOTHING if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN + 2 else f"{text[:SHOWN]}..."
