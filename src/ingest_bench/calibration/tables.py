"""Tables of figures, for a terminal and for a document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Figures side by side."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    texts: int = 1
    """Columns that are words, from the left."""

    def __str__(self) -> str:
        """Write it in Markdown."""
        rule = tuple("---" if place < self.texts else "---:" for place in range(len(self.header)))
        lines = [self.header, rule, *self.rows]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])
