"""Whether the parts of a search brought all that the server counts, and what is done where they didn't.

Splitting by time can't see every item of every server: some have items without a time, or search by another time than
that which items show. The whole is then read again by one cursor, until nothing is missing any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stac_ingest.api.time_chunks.work_stealing import CAPPED
from stac_ingest.core.text import counted

if TYPE_CHECKING:
    from stac_ingest.summary import IngestSummary


class Shortfall:
    """Compares the items received with the server's count, of which `limit` are wanted.

    Attributes:
        failed: whether a part failed: then it is known what is missing.
        whole_read: whether one cursor has read the whole already.

    """

    def __init__(self, summary: IngestSummary, limit: int | None, received: Callable[[], int]) -> None:
        self._summary = summary
        self._limit = limit
        self._received = received
        self._before: int | None = None
        self.failed = self.whole_read = False

    @property
    def is_there(self) -> bool:
        """Whether fewer items were received than the server counts."""
        matched = self._summary.matched
        return matched is not None and self._received() < min(matched, self._limit or matched)

    @property
    def is_being_read(self) -> bool:
        """Whether the whole is read again."""
        return self._before is not None

    def after_parts(self) -> bool:
        """Return whether the whole is to be read again, now that all parts were received."""
        if self._summary.matched == CAPPED < self._received():
            self._summary.matched = None
            self._summary.note(
                f"the server counts no further than {CAPPED}, so nothing tells whether the parts are all"
            )
        return self.is_there and not (self.failed or self.whole_read)

    def begin(self, now: int | None) -> bool:
        """Begin to read the whole again; return whether it is worth it, given what the server counts now."""
        self.count_again(now)
        if not self.is_there:
            return False
        self._before = self._received()
        self._summary.note(
            f"the time chunks brought {self._before:,} of {counted(self._summary.matched or 0, 'item')}; one cursor "
            "then read everything again"
        )
        return True

    def end(self) -> None:
        """Say what reading the whole again has brought."""
        if self._before is not None:
            self._summary.note(f"it brought {counted(self._received() - self._before, 'item')} that no chunk had")

    def count_again(self, now: int | None) -> None:
        """Take a later count where it is lower than the first one: items have gone meanwhile."""
        before = self._summary.matched
        if before is not None and now is not None and now < before:
            self._summary.matched = now
            self._summary.note(f"the server counted {counted(before, 'item')} at first and {now:,} in the end")
