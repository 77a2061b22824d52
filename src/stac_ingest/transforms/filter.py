"""Items that an expression of CQL2 holds of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stac_ingest.core.model import Item
from stac_ingest.core.rows import Rows
from stac_ingest.core.text import counted
from stac_ingest.cql2 import expression_of
from stac_ingest.transforms.batches import objects_of

if TYPE_CHECKING:
    from stac_ingest.context import WorkflowContext
    from stac_ingest.summary import IngestSummary


class FilterItems:
    """A modifier that drops the items of which an expression of CQL2 doesn't hold.

    Attributes:
        unknown: items that were dropped since the expression is neither true nor false of them: a property that it
            asks for is missing or null, or of another kind.

    """

    def __init__(self, expression: str | Mapping[str, Any]) -> None:
        """Read the expression.

        Args:
            expression: CQL2 text, or CQL2 JSON as a mapping (OGC 21-065r2,
                https://docs.ogc.org/is/21-065r2/21-065r2.html).

        Raises:
            ConfigurationError: names what is wrong, and where.

        """
        found = expression_of("where", expression)
        assert found.holds is not None
        self._holds, self._names = found.holds, found.names
        self.unknown = 0

    def modify(self, item: Item, context: WorkflowContext) -> Item | None:  # noqa: ARG002 - part of the protocol
        """Return the item if the expression holds of it.

        Args:
            item: is not changed.
            context: isn't read.

        Returns:
            The same object; None drops it, where the answer is false or unknown.

        """
        answer = self._holds(item)
        if answer is None:
            self.unknown += 1
        return item if answer else None

    def modify_rows(self, rows: Rows, context: WorkflowContext) -> Rows | None:  # noqa: ARG002 - same
        """Return the rows of which the expression holds, in the form that they have.

        Args:
            rows: a batch, in any form.
            context: isn't read.

        Returns:
            The rows that are kept; None where they have to come one by one.

        """
        items = objects_of(rows, self._names)
        if items is None:
            return None
        # An object made of a line is gone before the next one is made.
        answers = [*map(self._holds, items)]
        self.unknown += answers.count(None)
        kept = [number for number, answer in enumerate(answers) if answer]
        return rows if len(kept) == len(answers) else rows.take(kept)

    def describe(self, summary: IngestSummary) -> None:
        """Note of how many items the answer was unknown.

        Args:
            summary: of the run; takes the note, which its report shows. Nothing is noted where the number is zero.

        """
        if self.unknown:
            summary.note(
                f"`where` is neither true nor false for {counted(self.unknown, 'item')}, which it left out: a property "
                "is missing, or has a value of another type"
            )
