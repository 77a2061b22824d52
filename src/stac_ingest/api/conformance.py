"""What an API says that it does: the classes of `conformsTo`, as terms of a search."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_EXTENSIONS = {
    "query": re.compile(r"#query\b"),
    "filter": re.compile(r"item-search.*#filter\b(?!:(?:cql-|basic-cql\b))|#filter:item-search-filter"),
    "sortby": re.compile(r"(?<!collection-search)#sort\b"),
    "fields": re.compile(r"(?<!collection-search)#fields\b"),
}
"""By the term, what a class of it looks like, in whichever version of the specification."""
_LANGUAGES = ("cql2-text", "cql2-json")

BEYOND_CORE = tuple(_EXTENSIONS)
"""Terms of a search that not every item search knows."""
OF_ITEM_SEARCH = ("ids", "intersects", *BEYOND_CORE)
"""Terms that the items of a collection can't be asked for by, where an API has no item search."""


class Conformance(NamedTuple):
    """What an API declares.

    Attributes:
        terms: terms of a search, of those that an API has to declare.
        languages: of filters; both where it says neither.

    """

    terms: frozenset[str] = frozenset()
    languages: tuple[str, ...] = _LANGUAGES


def conformance_of(classes: Any) -> Conformance:
    """Read `conformsTo`; of what is no list, nothing is declared."""
    texts = [one for one in classes if isinstance(one, str)] if isinstance(classes, list) else []
    terms = frozenset(term for term, pattern in _EXTENSIONS.items() if _any(pattern, texts))
    spoken = tuple(one for one in _LANGUAGES if any(text.endswith(f"/{one}") for text in texts))
    return Conformance(terms, spoken or _LANGUAGES)


def _any(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    return any(pattern.search(text) for text in texts)
