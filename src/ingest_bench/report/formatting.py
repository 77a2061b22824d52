"""Numbers and names as the report writes them."""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ingest_bench.results.models import Speedup
from stac_ingest.core.text import plain_line

NOTHING = "–"  # noqa: RUF001 - a dash, where there is no number
WIDTH = 100
_LONGEST = 300
_MARKUP = re.compile(r"([\\`*\[\]<>|~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_]))")
_BLOCK = re.compile(r"^(\d{1,9}(?=[.)]\s)|(?=[-+*#>]\s))", re.MULTILINE)


def number(value: float | None) -> str:
    """Write a number with about three digits and thousands separators: 0.012, 1.23, 45.2, 1,149."""
    if value is None:
        return NOTHING
    size = abs(value)
    digits = 0 if size >= 100 or value == 0 else 1 if size >= 10 else 2 if size >= 1 else 3  # noqa: PLR2004 - digits shown
    return f"{value:,.{digits}f}"


def whole(value: float | None) -> str:
    """Write a number without decimals: 1,149."""
    return NOTHING if value is None else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """Write a share: 97%."""
    return NOTHING if share is None else f"{share:.0%}"


def times(value: float) -> str:
    """Write a factor: 1.04x, 9.8x, 120x."""
    return f"{value:,.{_digits(value)}f}x"


def interval(ratio: Speedup) -> str:
    """Write an interval with as many digits as the factor it belongs to: 9.1 to 10.4."""
    digits = _digits(ratio.median)
    return f"{ratio.low:,.{digits}f} to {ratio.high:,.{digits}f}"


def speed_up(ratio: Speedup | None) -> str:
    """Write a factor and its interval: 9.8x (9.1 to 10.4)."""
    return f"{times(ratio.median)} ({interval(ratio)})" if ratio else NOTHING


def bracketed(ratio: Speedup) -> str:
    """Write a factor and its interval for use inside brackets: 9.8x, 9.1 to 10.4."""
    return f"{times(ratio.median)}, {interval(ratio)}"


def duration(seconds: float) -> str:
    """Write a short time in the unit that fits: 52.7 ms, 5.54 s."""
    return f"{number(seconds)} s" if abs(seconds) >= 1 else f"{number(seconds * 1000)} ms"


def listed(parts: Sequence[str]) -> str:
    """Join words: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def at_level(label: str, level: int) -> str:
    """Name a way at a concurrency; a label with a comma is quoted, so that it can stand in a list."""
    return f'"{label}" at {level}' if "," in label else f"{label} at {level}"


def sentence(text: str) -> str:
    """Begin with a capital, leaving the rest as it is."""
    return text[:1].upper() + text[1:]


def day(moment: float) -> str:
    """Write a moment (Unix time) as a date, in UTC: 10 February 2026."""
    when = datetime.fromtimestamp(moment, UTC)
    return f"{when.day} {when:%B %Y}"


def span(seconds: float) -> str:
    """Write how long something took: 45 s, 12 min, 2 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 100:  # noqa: PLR2004 - up to here seconds say more
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004 - an hour


def plain(text: str) -> str:
    """Make foreign text one printable line of bounded length."""
    return plain_line(text, _LONGEST)


def safe(text: str) -> str:
    """Make foreign text harmless as Markdown: names and reasons may come from strangers."""
    return _MARKUP.sub(r"\\\1", plain(text))


def code(text: str) -> str:
    """Write foreign text as it would be typed, between backticks of which it can hold none."""
    return f"`{plain(text).replace('`', chr(39))}`"


def pasted(settings: Mapping[str, Any]) -> str:
    """Write settings so that they can be pasted into a settings file."""
    return code(", ".join(f"{name}: {json.dumps(value)}" for name, value in settings.items()).replace('"', ""))


def paragraph(text: str) -> str:
    """Wrap a paragraph, so that no line of it begins with what Markdown takes for a list or a heading."""
    lines = textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return _BLOCK.sub(r"\1\\", lines)


def point(text: str) -> str:
    """Wrap an entry of a list."""
    lines = paragraph(text).split("\n")
    return "- " + "\n  ".join(lines)


def _digits(factor: float) -> int:
    return 0 if factor >= 100 else 1 if factor >= 2 else 2  # noqa: PLR2004 - digits shown
