"""Documents, each of which is an item mostly, and may be anything.

What holds no items is counted, and named in a note, so that nobody wonders where they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import orjson

from stac_ingest.core.json_items import FEATURE, checked, kind_in_words, members, parse, parse_leniently, wrong_type
from stac_ingest.core.long_numbers import NumberWatch, has_long_number
from stac_ingest.core.model import Batch, Item, Payload, Reject
from stac_ingest.core.rows import AsLines, Rows, text_rows
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
                reject(origin, ItemError(wrong_type(kind_in_words(content))))
            else:
                self.pass_over(origin, kind_in_words(content))
                self._summary.keep_collection(content)
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


class ItemTexts:
    """Decodes documents, each of which may hold anything, though nearly all are an item."""

    def __init__(self, documents: Documents, *, exact_numbers: bool) -> None:
        """Decode texts.

        Args:
            documents: takes the items out of those that are something else than one item.
            exact_numbers: whether to look for whole numbers beyond 64 bits in all of them.

        """
        self._documents = documents
        self._numbers = NumberWatch(exact=exact_numbers)

    def rows(self, batch: Batch, *, as_lines: AsLines) -> Sequence[Rows] | None:
        """Return the items of a batch, where each text is plainly one; else None."""
        texts = [payload.data for payload in batch if payload.error is None]
        made = text_rows(texts, as_lines) if len(texts) == len(batch) else None
        return None if made is None else [made]

    def decode(self, batch: Batch, reject: Reject) -> Iterator[Item]:
        """Yield the items of a batch; what can't be used is rejected under its origin."""
        if self._numbers.in_batch(batch):
            for payload in batch:
                yield from self._with_care(payload, reject, long_number=has_long_number(payload.data))
            return
        loads, feature = orjson.loads, FEATURE
        for payload in batch:
            try:
                item: Any = loads(payload[0])
                if item["type"] == feature and type(item["id"]) is str and item["id"]:
                    yield item
                    continue
            except (ValueError, KeyError, TypeError):
                pass  # nearly every text is an item; what is wrong with another is found out below
            yield from self._with_care(payload, reject, long_number=False)

    def _with_care(self, payload: Payload, reject: Reject, *, long_number: bool) -> Iterator[Item]:
        """Yield the items of a text that may be anything."""
        data, origin, error = payload
        if error is not None:
            reject(origin, error)
            return
        try:
            content = parse_leniently(data) if long_number else parse(data)
        except ValueError as problem:
            reject(origin, not_json(data, problem))
            return
        yield from self._documents.items(content, origin, reject)


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
