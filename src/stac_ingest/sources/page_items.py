"""The items of an API's pages, held against the search: what a page shows once, whether as rows or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stac_ingest.api.item_splitter import exact_features, features
from stac_ingest.api.page_rows import SeenItems, page_rows
from stac_ingest.api.time_chunks.resume import Times, item_times
from stac_ingest.core.id_set import key_of
from stac_ingest.core.json_items import checked
from stac_ingest.core.long_numbers import NumberWatch
from stac_ingest.core.model import Item, Payload, Reject
from stac_ingest.core.rows import AsLines, Rows
from stac_ingest.errors import DataProcessingError, ItemError
from stac_ingest.filters.fields import fields_test
from stac_ingest.http.urls import display

if TYPE_CHECKING:
    from stac_ingest.sources.selection import Misfit, Selection


class PageItems:
    """Makes items of pages, and leaves out what doesn't fit the search.

    Attributes:
        decoded: items of all pages so far.
        times: of the items of the latest page, where these are tracked.

    """

    def __init__(
        self,
        selection: Selection,
        fields: Mapping[str, list[str]] | None,
        *,
        exact_numbers: bool,
        tracks_times: bool,
    ) -> None:
        self._selection = selection
        self._with_fields = None if fields is None else fields_test(fields)
        self._tracks_times = tracks_times
        self._numbers = NumberWatch(exact=exact_numbers)
        self.decoded = 0
        self.times: list[Times] = []

    def begin_page(self) -> None:
        """Note that a page comes next."""
        self.times.clear()
        self._selection.begin_page()

    def rows(self, body: bytes, *, as_lines: AsLines) -> Iterator[Rows] | None:
        """Make rows of a page; None where it has to be decoded item by item."""
        if self._with_fields is not None:
            return None
        self._selection.begin_page()
        seen = SeenItems(self._selection.judge, times=self._tracks_times)
        rows = page_rows(body, seen, as_lines=as_lines)
        return None if rows is None else self._rows_of(rows, seen)

    def items(self, payload: Payload, reject: Reject) -> Iterator[Item]:
        """Parse a page; what isn't an item with an id is rejected by itself."""
        selection = self._selection
        try:
            if payload.error is not None:
                raise payload.error
            body = payload.data.page.body
            found = (exact_features if self._numbers.in_text(body) else features)(body, payload.origin)
            for index, feature in enumerate(found):
                self.decoded += 1
                try:
                    item = _checked(feature)
                except ItemError as error:
                    where = f"{display(payload.origin)}#{index}"
                    reject(where, ItemError(f"{where}: {error}"))
                    continue
                if self._tracks_times:
                    self.times.append(item_times(item))
                misfit = selection.judge(item)
                if misfit is None:
                    selection.arrived(key_of(item))
                elif not selection.admits(misfit):
                    continue
                yield item if self._with_fields is None else self._with_fields(item)
        except DataProcessingError as error:
            reject(payload.origin, error)

    def _rows_of(self, rows: Rows, seen: SeenItems[Misfit]) -> Iterator[Rows]:
        selection, misfits = self._selection, seen.misfits
        self.decoded += len(rows.keys)
        self.times += seen.times
        kept = []
        for number, key in enumerate(rows.keys) if misfits or selection.tracks_ids else ():
            if number not in misfits:
                selection.arrived(key)
            elif not selection.admits(misfits[number]):
                continue
            kept.append(number)
        yield rows.take(kept) if len(kept) < len(rows.keys) and misfits else rows


def _checked(feature: object) -> Item:
    if isinstance(feature, ItemError):
        raise feature
    return checked(feature)
