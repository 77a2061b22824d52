"""A search of items: its terms, and the requests that it is made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stac_ingest.api.search_terms import parts_of_ids

if TYPE_CHECKING:
    from stac_ingest.api.search_forms import Form
    from stac_ingest.http.request import Request


@dataclass(frozen=True, slots=True)
class Search:
    """A search, to be asked for some interval of time and some page size."""

    form: Form
    collections: tuple[str, ...]
    """None for all that the API has."""
    terms: Mapping[str, Any] = field(default_factory=dict)
    """What else is asked for, as the body of a POST has it; an expression is a `FilterTerm`."""

    def request(self, datetime: str | None, limit: int) -> Request:
        """Build the request for the first page."""
        search: dict[str, Any] = {"limit": limit}
        if self.collections:
            search["collections"] = [*self.collections]
        search |= self.terms
        if datetime is not None:
            search["datetime"] = datetime
        return self.form.request(search)

    def without(self, terms: Sequence[str]) -> Search:
        """Return the same search without some terms."""
        return replace(self, terms={name: value for name, value in self.terms.items() if name not in terms})

    def parts(self, limit: int, *, one_by_one: Sequence[str]) -> list[Search]:
        """Cut the search into those that a server takes.

        Args:
            limit: items a page.
            one_by_one: collections that are asked for one at a time; none where they are asked for together.

        """
        searches = [replace(self, collections=(one,)) for one in one_by_one] or [self]
        if "ids" not in self.terms:
            return searches
        lists = parts_of_ids(self.terms["ids"], self.form.method, limit)
        return [replace(one, terms={**one.terms, "ids": ids}) for one in searches for ids in lists]
