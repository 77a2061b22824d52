"""What a walk has come by: links counted, and what became of each."""

from __future__ import annotations

from hashlib import blake2b

from stac_ingest.core.id_set import IdSet
from stac_ingest.core.text import counted
from stac_ingest.summary import IngestSummary

_NAMED = 3


class Walked:
    """Knows which URLs were come by, in 8 bytes each, and counts links."""

    def __init__(self, summary: IngestSummary) -> None:
        self._summary = summary
        self._urls = IdSet()
        self.documents = 0
        """Catalogs and collections that were read."""
        self.to_read = 0
        """Documents of items that were found, and are read."""
        self.settled = 0
        """Those of which the items, or failures, were handed on."""
        self.read_before = 0
        """Those that an earlier run has read."""
        self._repeated = 0
        self._failed = 0
        self._beside: list[str] = []
        self._beside_count = 0

    def is_new(self, url: str, role: str = "") -> bool:
        """Remember a URL, and count a link that leads where another one has led before, as a cycle does.

        Args:
            url: that the link leads to.
            role: URLs of one role are told apart from those of others.

        """
        new = self._urls.add(role, url)
        self._repeated += not new
        return new

    def knows(self, url: str, role: str) -> bool:
        """Say whether a URL was come by in a role."""
        return self._urls.has(role, url)

    def fail(self) -> None:
        """Count a link, or a document behind one, that couldn't be used."""
        self._failed += 1

    def leave_beside(self, name: str, count: int) -> None:
        """Count links of a document to items that aren't followed, since it has links to single items too."""
        self._beside_count += count
        if len(self._beside) < _NAMED:
            self._beside.append(name)

    def conclude(self) -> None:
        """After a walk that has come to its end, note its counts, and how many links nothing came of."""
        found = self.to_read + self.read_before
        text = f"{counted(self.documents, 'catalog or collection links', 'catalogs and collections link')} to "
        text += counted(found, "document of items", "documents of items")
        if self.read_before:
            text += f", of which an earlier run had read {self.read_before:,}"
        if self._repeated:
            text += (
                f"; {counted(self._repeated, 'more link leads', 'more links lead')} to a document that was read already"
            )
        if self._failed:
            text += f"; {counted(self._failed, 'link')} of catalogs, or the linked document, couldn't be used"
        self._summary.note(text)
        self._summary.unread = self.to_read - self.settled
        if self._beside_count:
            self._summary.note(
                f"{counted(self._beside_count, 'link')} to items by pages or as a table weren't followed, since their "
                f"documents link to single items or to children too (the first: {', '.join(self._beside)})"
            )


def link_hash(url: str) -> str:
    """Return what stands for a URL in the notes of a run: 16 characters, the same in every run."""
    return blake2b(url.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
