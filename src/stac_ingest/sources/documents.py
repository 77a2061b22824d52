"""Documents that hold no items: counted, and named in a note, so that nobody wonders where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import orjson

from stac_ingest.core.json_items import FEATURE, checked, kind_in_words, members
from stac_ingest.core.model import Item, Reject
from stac_ingest.core.text import printable
from stac_ingest.errors import ItemError
from stac_ingest.summary import IngestSummary

_NAMED, _KINDS = 3, 8
_NO_MISTAKES = ("Catalog", "Collection")


class Documents:
    """Takes the items out of documents, and keeps count of the documents that hold none."""

    def __init__(self, summary: IngestSummary) -> None:
        self._summary = summary
        self._kinds: Counter[str] = Counter()
        self._first: dict[str, list[str]] = {}

    def items(self, content: object, origin: str, reject: Reject) -> Iterator[Item]:
        """Yield the items of a document; what should be one and isn't is rejected.

        Args:
            content: as parsed.
            origin: its name; a member of it is called `<name>#<position>`.
            reject: takes what can't be used.

        """
        found = members(content)
        if found is None:
            if _is_misspelt(content):
                reject(origin, ItemError(f"not an item: its type is {kind_in_words(content)!r}, expected 'Feature'"))
            else:
                self.pass_over(origin, kind_in_words(content))
            return
        alone = len(found) == 1 and found[0] is content
        for number, member in enumerate(found):
            try:
                item = checked(member)
            except ItemError as error:
                reject(origin if alone else f"{origin}#{number}", error)
            else:
                yield item

    def pass_over(self, name: str, kind: str) -> None:
        """Count a document that holds no items."""
        self._summary.passed_over += 1
        kind = kind if kind in self._kinds or len(self._kinds) < _KINDS else "others"
        self._kinds[kind] += 1
        if self._kinds[kind] <= _NAMED:
            self._first.setdefault(kind, []).append(printable(name))

    def note(self) -> None:
        """Put into the summary what was passed over."""
        if not self._kinds:
            return
        kinds = "; ".join(
            f"{count:,} {kind} ({', '.join(self._first[kind])}{', ...' if count > _NAMED else ''})"
            for kind, count in self._kinds.items()
        )
        self._summary.note(
            f"passed over, since they are no items (an item is a Feature): {kinds}. Items that their links lead to are "
            "read where they lie in this folder or below"
        )


def not_json(data: bytes, error: ValueError) -> ItemError:
    """Return the error for a text that isn't JSON, with what it may be instead."""
    first, newline, rest = data.partition(b"\n")
    lines = ""
    if newline and rest.strip():
        with suppress(ValueError):
            if isinstance(orjson.loads(first), dict):
                lines = "; it seems to hold a JSON object a line: call it .ndjson, or give format 'ndjson'"
    return ItemError(f"not JSON: {error}{lines}")


def _is_misspelt(content: object) -> bool:
    """Whether an object of another type was meant to be a Feature."""
    if not isinstance(content, dict) or content.get("type") in _NO_MISTAKES:
        return False
    return "geometry" in content or str(content.get("type", "")).lower() == FEATURE.lower()
