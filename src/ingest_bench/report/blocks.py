"""What the report says, before it is Markdown or HTML: sentences, tables and figures, made once and written twice.

A text is a line of a small part of Markdown: `**strong**`, `*emphasis*`, `~~struck~~`, code between backticks, links to
a section (`[words](#section)`), and a backslash before a sign that means only itself. Foreign text gets into it through
`formatting.safe`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list, each entry a few sentences."""

    entries: Sequence[str]


@dataclass(frozen=True, slots=True)
class WarningNote:
    """A doubt that stands beside the numbers that it is about."""

    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer: in a few words, then point by point."""

    question: str
    gist: str
    points: Sequence[str] = ()


Answer = tuple[str, list[str]]
"""An answer in a few words, then point by point. Without either, the data don't say."""


@dataclass(frozen=True, slots=True)
class Spread:
    """An interval of a factor, drawn beside its text."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in one field of a table, and the number by which its rows are sorted."""

    text: str
    key: float | None = None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Numeric columns are aligned to the right; of them an entry without a number comes last when sorted."""

    about: str
    titles: Sequence[str]
    rows: Sequence[Sequence[Entry]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot, and the sentences that say what it shows."""

    title: str
    shows: str
    svg: Element
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The plots of one subject: a file beside the Markdown, inline in HTML."""

    name: str
    alternative: str
    drawings: Sequence[Drawing]
    title: str = ""
    """Stands above the plots in their file; foreign text."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]
    name: str = ""
    """What links to it name where its title may be anyone's; else it is made from the title."""

    @property
    def anchor(self) -> str:
        """What links to it name, made from the title as Markdown viewers do it."""
        return self.name or re.sub(r"[^\w-]", "", self.title.lower().replace(" ", "-"))


Block = Paragraph | BulletList | WarningNote | Question | Table | Figure | Section


def entries(texts: Sequence[str]) -> list[Entry]:
    """Make the fields of a row; each is sorted by the number that it begins with, if it does."""
    return [Entry(text, leading_number(text)) for text in texts]


def leading_number(text: str) -> float | None:
    """Give the number that a text begins with: 1149 of `1,149`, 9.8 of `**9.8x (9.1 to 10.4)**`."""
    match = _NUMBER.match(text.lstrip("*~"))
    return float(match.group().replace(",", "")) if match else None
